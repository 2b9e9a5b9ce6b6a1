// The list of deals: a table, or the pipeline as columns; the choice is remembered.

import { enter } from '../host/widget.js';
import { get, rooted } from './net.js';
import { ICONS, day, dayOrToday, h, icon, money } from './words.js';

const EVERY_MS = 4000;
const SHOWN_FIELDS = ['Направление', 'Поток', 'Долг', 'Следующий платёж', 'Статус оплаты'];

export async function listPage({ state, holder }) {
  window.APP.data.current_entity = 'leads';
  window.APP.data.current_area = 'leads';
  window.APP.data.current_list = { type: 'leads' };
  const look = { view: localStorage.getItem('leads_view') || 'table', query: '', shown: '', leads: [], now: 0 };
  const place = h('div', { class: 'list__body custom-scroll' });
  const count = h('span', { class: 'list__count' });
  const draw = () => {
    const words = look.query.toLowerCase();
    const leads = look.leads.filter((lead) => !words || `${lead.name} ${lead.contact_name}`.toLowerCase().includes(words));
    count.textContent = `${leads.length} ${plural(leads.length)}: ${money(leads.reduce((sum, lead) => sum + lead.price, 0))}`;
    place.replaceChildren(look.view === 'board' ? board(state, leads, look.now) : table(state, leads, look.now));
  };
  holder.replaceChildren(h('div', { class: 'list' }, topBar(state, look, count, draw), place));
  const load = async () => {
    const found = await get('/_ui/leads');
    const stamp = JSON.stringify(found.leads);
    if (stamp === look.shown) return;
    Object.assign(look, { shown: stamp, leads: found.leads, now: found.now });
    draw();
  };
  await load();
  await enter(state, 'llist');
  const timer = setInterval(() => document.hidden || load().catch(() => undefined), EVERY_MS);
  return { close: () => clearInterval(timer) };
}

function plural(count) {
  const tail = count % 100 > 10 && count % 100 < 20 ? 0 : count % 10;
  if (tail === 1) return 'сделка';
  return tail > 1 && tail < 5 ? 'сделки' : 'сделок';
}

function topBar(state, look, count, draw) {
  const choice = (view, name, drawing) => {
    const button = h('button', { class: 'icon-button', type: 'button', title: name, 'aria-label': name, 'aria-pressed': String(look.view === view) }, icon(drawing));
    button.onclick = () => {
      look.view = view;
      localStorage.setItem('leads_view', view);
      for (const other of button.parentNode.children) other.setAttribute('aria-pressed', String(other === button));
      draw();
    };
    return button;
  };
  const search = h('input', { class: 'list__search', type: 'search', placeholder: 'Поиск', 'aria-label': 'Поиск сделок' });
  search.oninput = () => {
    look.query = search.value.trim();
    draw();
  };
  return h('header', { class: 'list__top' },
    h('h1', { class: 'list__title' }, state.pipelines[0].name),
    h('label', { class: 'list__find' }, icon(ICONS.search), search),
    count,
    h('span', { class: 'list__views' }, choice('table', 'Список', ICONS.deals), choice('board', 'Воронка', ICONS.board)),
    h('a', { class: 'button-input button-input_blue list__add', href: rooted('/leads/add/') }, icon(ICONS.plus, 16), h('span', {}, 'Новая сделка')));
}

function statusOf(state, lead) {
  const pipeline = state.pipelines.find((one) => one.id === lead.pipeline_id);
  return pipeline.statuses.find((one) => one.id === lead.status_id);
}

function stagePill(state, lead) {
  const status = statusOf(state, lead);
  const pill = h('span', { class: 'stage-pill' }, status.name);
  pill.style.setProperty('--stage', status.color);
  return pill;
}

function fieldText(state, lead, field) {
  const found = lead.values[String(field.id)];
  if (!found) return '';
  return found.map(({ value }) => (field.type === 'date' ? day(value, state.account.time_zone) : value)).join(', ');
}

function taskWord(state, lead, now) {
  if (!lead.task_at) return h('span', { class: 'task-mark task-mark_none' }, 'Нет задач');
  const late = lead.task_at < now;
  return h('span', { class: `task-mark ${late ? 'task-mark_late' : ''}` }, dayOrToday(lead.task_at, now, state.account.time_zone));
}

function table(state, leads, now) {
  const fields = SHOWN_FIELDS.map((name) => state.fields.find((field) => field.name === name)).filter(Boolean);
  const head = ['Сделка', 'Этап', 'Бюджет', ...fields.map((field) => field.name), 'Задача'];
  const numeric = new Set(['Бюджет', 'Долг']);
  const row = (lead) => h('tr', {},
    h('td', { class: 'list__name' }, h('a', { href: rooted(`/leads/detail/${lead.id}`) }, lead.name), h('small', {}, lead.contact_name)),
    h('td', { class: 'list__stage' }, stagePill(state, lead)),
    h('td', { class: 'list__number' }, lead.price ? money(lead.price) : '—'),
    fields.map((field) => h('td', { class: numeric.has(field.name) ? 'list__number list__field' : 'list__field', 'data-label': field.name }, fieldText(state, lead, field))),
    h('td', { class: 'list__task' }, taskWord(state, lead, now)));
  return h('table', { class: 'list__table' },
    h('thead', {}, h('tr', {}, head.map((name) => h('th', { class: numeric.has(name) ? 'list__number' : '', scope: 'col' }, name)))),
    h('tbody', {}, leads.map(row)));
}

function board(state, leads, now) {
  const [pipeline] = state.pipelines;
  return h('div', { class: 'board' }, pipeline.statuses.map((status) => {
    const inside = leads.filter((lead) => lead.status_id === status.id);
    const sum = inside.reduce((total, lead) => total + lead.price, 0);
    const column = h('section', { class: 'board__column', 'aria-label': status.name },
      h('h2', { class: 'board__head' }, status.name, h('small', {}, `${inside.length} ${plural(inside.length)}: ${money(sum)}`)),
      inside.map((lead) => boardCard(state, lead, now)));
    column.style.setProperty('--stage', status.color);
    return column;
  }));
}

function boardCard(state, lead, now) {
  return h('a', { class: 'board__card', href: rooted(`/leads/detail/${lead.id}`) },
    h('small', { class: 'board__contact' }, lead.contact_name || 'Без контакта'),
    h('b', {}, lead.name),
    h('span', { class: 'board__foot' }, h('span', {}, lead.price ? money(lead.price) : '—'), taskWord(state, lead, now)));
}
