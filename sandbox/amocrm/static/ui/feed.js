// The feed: notes, files, stage and field changes, bot messages, completed tasks by day; open tasks and the
// compose box below. Every item keeps its node while it stays the same, so nothing flickers.

import { send } from './net.js';
import { ICONS, dayOrToday, day, h, icon, isoDay, money, time } from './words.js';

export class Feed {
  constructor(state, leadId, changed) {
    this.state = state;
    this.leadId = leadId;
    this.changed = changed;
    this.zone = state.account.time_zone;
    this.nodes = new Map();
    this.now = state.now;
    this.list = h('div', { class: 'feed__list' });
    this.tasks = h('div', { class: 'feed__tasks' });
    this.scroll = h('div', { class: 'feed__scroll custom-scroll' }, this.list, this.tasks);
    this.element = h('div', { class: 'feed' }, this.scroll, leadId ? this.compose() : h('p', { class: 'feed__hint' }, 'Лента появится, когда сделка будет сохранена'));
  }

  tick(now) {
    this.now = now;
  }

  show({ feed, tasks, now }) {
    this.now = now;
    const bottom = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 60;
    const first = !this.nodes.size;
    const wanted = [];
    let lastDay = '';
    for (const item of feed) {
      const shown = dayOrToday(item.at, now, this.zone);
      if (shown !== lastDay) wanted.push([`day:${shown}`, () => h('div', { class: 'feed__day' }, h('span', {}, shown))]);
      lastDay = shown;
      wanted.push([`${item.kind}:${item.id}:${JSON.stringify(item)}`, () => this.item(item)]);
    }
    this.keep(this.list, wanted);
    this.keep(this.tasks, tasks.map((task) => [`open:${task.id}:${JSON.stringify(task)}`, () => this.openTask(task)]));
    if (first || bottom) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  /** Brings a list of nodes to the wanted keys: new ones are made, gone ones removed, the rest left alone. */
  keep(place, wanted) {
    const keys = new Set(wanted.map(([key]) => key));
    for (const node of [...place.children]) if (!keys.has(node.feedKey)) node.remove();
    const present = new Map([...place.children].map((node) => [node.feedKey, node]));
    let before = place.firstChild;
    for (const [key, make] of wanted) {
      const node = present.get(key) || make();
      node.feedKey = key;
      this.nodes.set(key, node);
      if (node === before) before = before.nextSibling;
      else place.insertBefore(node, before);
    }
  }

  item(item) {
    if (item.kind === 'event') return this.event(item);
    if (item.kind === 'task') return this.doneTask(item);
    if (item.kind === 'message') {
      return this.box('feed-note_message', ICONS.chat, `${item.bot_name} → клиенту`, item.at, linked(item.text));
    }
    return this.note(item);
  }

  note({ note_type: kind, params, created_by: author, at, file }) {
    if (kind === 'attachment') {
      return this.box('feed-note_file', ICONS.file, this.person(author), at, h('a', { href: file, target: '_blank', rel: 'noopener' }, params.file_name));
    }
    const service = params.service ? h('b', { class: 'feed-note__service' }, params.service) : null;
    if (service) return this.box('feed-note_service', ICONS.bolt, service, at, linked(params.text));
    return this.box('', ICONS.note, this.person(author), at, linked(params.text || ''));
  }

  box(extra, drawing, who, at, ...content) {
    return h('article', { class: `feed-note ${extra}` }, h('span', { class: 'feed-note__icon' }, icon(drawing, 18)),
      h('div', { class: 'feed-note__body' }, h('div', { class: 'feed-note__head' }, h('span', {}, who), h('time', {}, time(at, this.zone))), h('div', { class: 'feed-note__text' }, content)));
  }

  event(item) {
    return h('p', { class: 'feed-event' }, h('time', {}, time(item.at, this.zone)), ` ${this.person(item.created_by)}: `, ...this.told(item));
  }

  told({ type, value_before: [before], value_after: [after] }) {
    const stage = (value) => {
      const { id, pipeline_id: pipeline } = value.lead_status;
      const status = this.state.pipelines.find((one) => one.id === pipeline).statuses.find((one) => one.id === id);
      const pill = h('span', { class: 'stage-pill' }, status.name);
      pill.style.setProperty('--stage', status.color);
      return pill;
    };
    const custom = /^custom_field_(\d+)_value_changed$/.exec(type);
    if (type === 'lead_status_changed') return ['новый этап ', stage(after), ' из ', stage(before)];
    if (type === 'sale_field_changed') return [`бюджет ${money(before.sale_field_value.sale)} → ${money(after.sale_field_value.sale)}`];
    if (type === 'name_field_changed') return [`название «${after.name_field_value.name}»`];
    if (type === 'entity_responsible_changed') return [`ответственный ${this.person(after.responsible_user.id)}`];
    if (custom) return this.fieldTold(Number(custom[1]), before, after);
    return [{ lead_added: 'сделка создана', lead_deleted: 'сделка удалена', lead_restored: 'сделка восстановлена' }[type] || type];
  }

  fieldTold(fieldId, before, after) {
    const field = this.state.fields.find((one) => one.id === fieldId);
    const shown = (value) => {
      if (!value) return '—';
      const { text } = value.custom_field_value;
      return field && field.type === 'date' ? day(Number(text), this.zone) : text;
    };
    return [`${field ? field.name : 'поле'}: `, before ? h('s', {}, shown(before)) : '', before ? ' → ' : '', shown(after)];
  }

  person(id) {
    const user = this.state.users.find((one) => one.id === id);
    return user ? user.name : 'Робот';
  }

  // tasks

  doneTask(item) {
    const result = item.result && item.result.text ? h('p', { class: 'feed-task__result' }, item.result.text) : null;
    return this.box('feed-note_done', ICONS.check, `Задача выполнена: ${this.person(item.updated_by)}`, item.at, h('s', {}, item.text), result);
  }

  openTask(task) {
    const late = task.complete_till < this.now;
    const type = this.state.account.task_types.find((one) => one.id === task.task_type_id);
    const result = h('input', { class: 'control', placeholder: 'Результат', 'aria-label': 'Результат задачи' });
    const done = h('button', { class: 'button-input button-input_small', type: 'submit' }, 'Выполнить');
    const form = h('form', { class: 'feed-task__done' }, result, done);
    form.onsubmit = (event) => {
      event.preventDefault();
      done.disabled = true;
      send('POST', `/_ui/tasks/${task.id}/complete`, { result: result.value }).then(this.changed, (error) => this.failed(error, done));
    };
    const due = `${dayOrToday(task.complete_till, this.now, this.zone)} ${time(task.complete_till, this.zone)}`;
    return h('article', { class: `feed-task ${late ? 'feed-task_late' : ''}`, 'data-id': task.id },
      h('div', { class: 'feed-note__head' }, h('span', { class: 'feed-task__due' }, icon(ICONS.clock, 16), due),
        h('span', {}, `для: ${this.person(task.responsible_user_id)}`)),
      h('p', { class: 'feed-task__text' }, h('b', {}, `${type ? type.name : 'Задача'}: `), task.text), form);
  }

  // compose

  compose() {
    const kind = h('select', { class: 'feed-compose__kind', 'aria-label': 'Что написать' }, h('option', { value: 'note' }, 'Примечание'), h('option', { value: 'task' }, 'Задача'));
    const till = h('input', { class: 'feed-compose__till control', placeholder: 'ДД.ММ.ГГГГ', 'aria-label': 'Срок задачи', hidden: true });
    const words = h('textarea', { class: 'feed-compose__text', rows: 1, placeholder: 'введите текст', 'aria-label': 'Текст' });
    const button = h('button', { class: 'button-input button-input_blue', type: 'submit', hidden: true }, 'Установить');
    const error = h('p', { class: 'card-fields__error', role: 'alert' });
    const form = h('form', { class: 'feed-compose' }, h('div', { class: 'feed-compose__line' }, kind, till, words), error, button);
    const refresh = () => {
      till.hidden = kind.value !== 'task';
      if (!till.hidden && !till.value) till.value = day(this.now + 86400, this.zone);
      button.hidden = !words.value.trim();
      button.textContent = kind.value === 'task' ? 'Поставить' : 'Добавить';
    };
    kind.onchange = refresh;
    words.oninput = refresh;
    form.onsubmit = (event) => {
      event.preventDefault();
      error.textContent = '';
      this.write(kind.value, words.value.trim(), till.value).then(() => {
        words.value = '';
        refresh();
        this.scroll.scrollTop = this.scroll.scrollHeight;
      }, (problem) => { error.textContent = problem.message; });
    };
    return form;
  }

  async write(kind, text, till) {
    if (kind === 'note') {
      await send('POST', `/_ui/leads/${this.leadId}/notes`, { text });
    } else {
      const iso = isoDay(till);
      if (!iso) throw new Error('Срок: нужна дата ДД.ММ.ГГГГ');
      await send('POST', `/_ui/leads/${this.leadId}/tasks`, { text, complete_on: iso });
    }
    await this.changed();
  }

  failed(error, button) {
    button.disabled = false;
    window.APP.notifications.show_message_error({ header: 'Не получилось', text: error.message });
  }
}

/** Text with its addresses as links and its line ends kept. */
function linked(text) {
  return String(text).split(/(https?:\/\/[^\s«»]+[^\s«».,;:!?)])/).map((piece, place) => (place % 2 ? h('a', { href: piece, target: '_blank', rel: 'noopener' }, piece) : piece));
}
