// The field panel: cover with name, pipeline and stage, then the fields and the linked contact. Values look
// like text until they are touched; the footer with «Сохранить» appears with the first change.

import { menu } from './menu.js';
import { ICONS, day, grouped, h, icon, isoDay } from './words.js';

export class Fields {
  /** actions: {save(change), stage(change)}: both return promises. */
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
    this.inputs = [];
    this.known = null;
    this.build();
  }

  head(back, more) {
    this.top.prepend(back);
    if (more) this.top.append(more);
  }

  build() {
    this.name = h('textarea', { class: 'card-fields__name', id: 'person_n', name: 'lead[NAME]', rows: 1, placeholder: 'Сделка', 'aria-label': 'Название сделки' });
    this.top = h('div', { class: 'card-fields__top-name' }, this.name);
    this.tags = h('div', { class: 'card-fields__tags' });
    this.stage = h('button', { class: 'card-stage', type: 'button', 'aria-haspopup': 'menu' });
    this.stage.onclick = () => this.chooseStage();
    this.line = h('div', { class: 'card-stage__line' });
    this.cover = h('div', { class: 'card-fields__cover' }, this.top, this.tags, h('div', { class: 'card-stage__holder' }, this.stage, this.line),
      h('div', { class: 'card-tabs' }, h('span', { class: 'card-tabs__item card-tabs__item_active' }, 'Основное')));
    this.rows = h('div', { class: 'card-fields__fields-block linked-form' });
    this.person = h('div', { class: 'card-fields__fields-block linked-form linked-form_contact' });
    this.error = h('p', { class: 'card-fields__error', role: 'alert' });
    this.saveButton = h('button', { class: 'button-input button-input_blue', type: 'submit' }, h('span', { class: 'button-input-inner' }, 'Сохранить'));
    const cancel = h('button', { class: 'button-cancel', type: 'button', onclick: () => this.reset() }, 'Отменить');
    this.footer = h('div', { class: 'card-fields__footer', hidden: true }, this.error, this.saveButton, cancel);
    this.element = h('form', { class: 'card-fields', autocomplete: 'off', novalidate: true }, this.cover,
      h('div', { class: 'card-fields__scroll custom-scroll' }, this.rows, this.person), this.footer);
    this.element.addEventListener('input', () => this.touched());
    this.element.addEventListener('submit', (event) => this.submit(event));
    this.name.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') event.preventDefault();
    });
    this.makeRows();
  }

  makeRows() {
    const { users, fields } = this.state;
    this.row(this.rows, 'Отв-ный', select('responsible_user_id', users.map((user) => [user.id, user.name])), (known) => known.lead.responsible_user_id);
    const price = h('input', { name: 'lead[PRICE]', class: 'field-value', inputmode: 'numeric', placeholder: '0', autocomplete: 'off' });
    this.row(this.rows, 'Бюджет', price, ({ lead }) => (lead.price ? grouped(lead.price) : ''), h('span', { class: 'field-suffix' }, '₽'));
    for (const field of fields) this.customRow(field);
    this.person.append(h('h2', { class: 'linked-form__title' }, 'Контакт'));
    const { phone, email } = this.state.contact_fields;
    const first = (id) => ({ contacts: [person] }) => ((person && person.values[id]) || [{ value: '' }])[0].value;
    this.row(this.person, 'Имя', text('contact[NAME]'), ({ contacts: [person] }) => (person ? person.name : ''));
    this.row(this.person, 'Телефон', text('contact[PHONE]', 'tel'), first(phone));
    this.row(this.person, 'Email', text('contact[EMAIL]', 'email'), first(email));
  }

  customRow(field) {
    const name = `CFV[${field.id}]`;
    const read = ({ lead }) => this.shown(field, (lead.values[String(field.id)] || [])[0]);
    if (field.enums) {
      this.row(this.rows, field.name, select(name, [['', '...'], ...field.enums.map((one) => [one.id, one.value])]), read);
      return;
    }
    const input = text(name);
    if (field.type === 'date') input.title = 'ДД.ММ.ГГГГ';
    if (field.type !== 'url') {
      this.row(this.rows, field.name, input, read);
      return;
    }
    const open = h('a', { class: 'field-open', target: '_blank', rel: 'noopener', title: 'Открыть ссылку', 'aria-label': `Открыть: ${field.name}` }, icon(ICONS.link, 16));
    const holder = this.row(this.rows, field.name, input, read, open);
    holder.refresh = () => {
      open.hidden = !/^https?:/.test(input.value);
      if (!open.hidden) open.href = input.value;
    };
  }

  shown(field, value) {
    if (!value) return '';
    if (field.enums) return value.enum_id;
    return field.type === 'date' ? day(value.value, this.state.account.time_zone) : value.value;
  }

  row(place, label, input, read, extra = null) {
    input.id = input.id || `f_${input.name.replace(/\W+/g, '_')}`;
    const holder = { input, read, refresh: () => undefined };
    place.append(h('div', { class: 'linked-form__field' },
      h('label', { class: 'linked-form__field__label', for: input.id, title: label }, label),
      h('div', { class: 'linked-form__field__value' }, input, extra)));
    this.inputs.push(holder);
    return holder;
  }

  /** Shows a state of the deal; fields that were changed here and not saved keep what was typed. */
  show(known) {
    this.known = known;
    const { lead } = known;
    this.put(this.name, lead.name);
    fit(this.name);
    for (const holder of this.inputs) {
      this.put(holder.input, String(holder.read(known) ?? ''));
      holder.input.disabled = !known.can_edit;
      holder.refresh();
    }
    this.tags.replaceChildren(h('span', { class: 'tag' }, lead.id ? `#${lead.id}` : 'Новая сделка'), ...lead.tags.map((tag) => h('span', { class: 'tag' }, tag.name)),
      lead.tags.length ? '' : h('span', { class: 'tag-prompt' }, '#тегировать'));
    this.showStage(lead);
    this.touched();
  }

  put(input, value) {
    const changed = input.dataset.saved !== undefined && input.value !== input.dataset.saved;
    input.dataset.saved = value;
    if (!changed) input.value = value;
  }

  showStage(lead) {
    const pipeline = this.state.pipelines.find((one) => one.id === lead.pipeline_id);
    const status = pipeline.statuses.find((one) => one.id === lead.status_id);
    const reached = pipeline.statuses.indexOf(status);
    this.stage.dataset.status = status.id;
    this.stage.replaceChildren(h('small', {}, pipeline.name), h('span', {}, status.name), icon(ICONS.down, 16));
    this.line.replaceChildren(...pipeline.statuses.map((one, place) => {
      const piece = h('i', { class: place <= reached ? 'on' : '' });
      piece.style.setProperty('--stage', status.color);
      return piece;
    }));
  }

  chooseStage() {
    const { lead, can_edit: allowed } = this.known;
    if (!allowed) return;
    const items = this.state.pipelines.flatMap((pipeline) => [
      { title: pipeline.name },
      ...pipeline.statuses.map((status) => ({
        text: status.name,
        colour: status.color,
        chosen: pipeline.id === lead.pipeline_id && status.id === lead.status_id,
        act: () => this.moveTo(pipeline.id, status.id),
      })),
    ]);
    menu(this.stage, items, 'menu_stage');
  }

  moveTo(pipelineId, statusId) {
    if (this.known.lead.id) {
      this.actions.stage({ pipeline_id: pipelineId, status_id: statusId }).catch((error) => this.refuse(error));
      return;
    }
    Object.assign(this.known.lead, { pipeline_id: pipelineId, status_id: statusId });
    this.showStage(this.known.lead);
  }

  /** Live values under the names of the inputs, and the plain names of the lead. */
  live() {
    const typed = Object.fromEntries([this.name, ...this.inputs.map(({ input }) => input)].map((input) => [input.name, input.value]));
    return { ...this.known.lead, ...typed, ID: this.known.lead.id };
  }

  touched() {
    fit(this.name);
    const changed = [this.name, ...this.inputs.map((one) => one.input)].some((input) => input.value !== input.dataset.saved);
    this.footer.hidden = !changed && Boolean(this.known.lead.id);
    this.saveButton.disabled = !changed;
    this.saveButton.classList.toggle('button-input-disabled', !changed);
    if (!changed) this.error.textContent = '';
  }

  reset() {
    for (const input of [this.name, ...this.inputs.map((one) => one.input)]) input.value = input.dataset.saved;
    this.touched();
  }

  async submit(event) {
    event.preventDefault();
    if (this.saveButton.disabled) return;
    try {
      const change = this.change();
      this.saveButton.classList.add('button-input_loading');
      for (const input of [this.name, ...this.inputs.map((one) => one.input)]) input.dataset.saved = input.value;
      await this.actions.save(change);
      this.touched();
    } catch (error) {
      this.refuse(error);
    } finally {
      this.saveButton.classList.remove('button-input_loading');
    }
  }

  refuse(error) {
    this.footer.hidden = false;
    this.error.textContent = error.message;
    this.saveButton.disabled = false;
  }

  /** What differs from the saved deal, as the server takes it. */
  change() {
    const made = {};
    const custom = [];
    const person = {};
    if (this.differs(this.name)) made.name = this.name.value.trim();
    for (const { input } of this.inputs.filter((one) => this.differs(one.input))) {
      const [, group, key] = /^(?:(\w+)\[)?(\w+)\]?$/.exec(input.name);
      if (group === 'CFV') custom.push(this.customValue(Number(key), input.value.trim()));
      else if (group === 'contact') person[key.toLowerCase()] = input.value.trim();
      else if (input.name === 'lead[PRICE]') made.price = wholeRoubles(input.value);
      else made[key] = Number(input.value);
    }
    if (custom.length) made.custom_fields_values = custom;
    if (Object.keys(person).length) made.contact = person;
    if (!this.known.lead.id) Object.assign(made, { pipeline_id: this.known.lead.pipeline_id, status_id: this.known.lead.status_id });
    return made;
  }

  differs(input) {
    return input.value !== input.dataset.saved;
  }

  customValue(fieldId, typed) {
    const field = this.state.fields.find((one) => one.id === fieldId);
    if (!typed) return { field_id: fieldId, values: null };
    if (field.enums) return { field_id: fieldId, values: [{ enum_id: Number(typed) }] };
    if (field.type !== 'date') return { field_id: fieldId, values: [{ value: typed }] };
    const iso = isoDay(typed);
    if (!iso) throw new Error(`${field.name}: нужна дата ДД.ММ.ГГГГ`);
    return { field_id: fieldId, values: [{ value: iso }] };
  }
}

function text(name, type = 'text', placeholder = '...') {
  return h('input', { name, type, class: 'field-value', placeholder, autocomplete: 'off' });
}

function select(name, options) {
  return h('select', { name, class: 'field-value' }, options.map(([value, title]) => h('option', { value }, title)));
}

function wholeRoubles(typed) {
  const bare = typed.replace(/[\s\u00a0₽]/g, '') || '0';
  if (!/^\d{1,12}$/.test(bare)) throw new Error('Бюджет: целое число рублей');
  return Number(bare);
}

function fit(area) {
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight}px`;
}
