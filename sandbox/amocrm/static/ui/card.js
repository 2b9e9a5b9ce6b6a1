// The deal's page: field panel, feed, widget column. Looks at the server every two seconds and changes only
// what has changed; what a person is typing is never touched.

import { enter, leave, publish } from '../host/widget.js';
import { Column } from './column.js';
import { Feed } from './feed.js';
import { Fields } from './fields.js';
import { menu } from './menu.js';
import { get, rooted, send } from './net.js';
import { ICONS, h, icon } from './words.js';

const EVERY_MS = 2000;

export async function cardPage(context, id) {
  const { state, holder, go } = context;
  let known = id ? await get(`/_ui/leads/${id}`).catch((error) => failed(holder, error)) : blank(state);
  if (!known) return { close: () => undefined };
  const fields = new Fields(state, { save: (change) => save(change), stage: (change) => save(change) });
  const feed = new Feed(state, id, () => look());
  const column = new Column();
  const view = layout(state, id, fields, feed, column, {
    remove: () => send('POST', `/_ui/leads/${id}/delete`, {}).then(() => go('/leads/')),
  });
  holder.replaceChildren(view);
  const accept = (document_) => {
    known = document_;
    fields.show(known);
    feed.show(known);
    banner(view, known, () => send('POST', `/_ui/leads/${id}/restore`, {}).then(look));
  };
  accept(known);
  tellWidgets(fields, id);

  async function look() {
    if (!id) return;
    const found = await get(`/_ui/leads/${id}?seen=${known.stamp}`);
    feed.tick(found.now);
    if (found.unchanged || closed) return;
    accept(found);
    publish(`leads:card:${id}`, { id, type: 'update' });
  }

  async function save(change) {
    const saved = await send('POST', `/_ui/leads/${id}`, change);
    if (id) await look();
    else await go(`/leads/detail/${saved.id}`, { replace: true });
  }

  let closed = false;
  const timer = setInterval(() => document.hidden || look().catch(() => undefined), EVERY_MS);
  const started = enter(state, 'lcard', { column, card: { contacts: () => contactsOf(state, known) } });
  started.then((widgets) => column.ready(widgets.length));
  return {
    close() {
      closed = true;
      clearInterval(timer);
      leave();
    },
  };
}

/** What an unsaved card shows: id 0, first stage, nobody linked. */
function blank(state) {
  const [pipeline] = state.pipelines;
  const lead = { id: 0, name: '', price: 0, pipeline_id: pipeline.id, status_id: pipeline.statuses[0].id, responsible_user_id: state.me.id, values: {}, tags: [], contacts: [] };
  return { lead, contacts: [], feed: [], tasks: [], can_edit: true, now: state.now, stamp: '' };
}

function failed(holder, error) {
  holder.replaceChildren(h('div', { class: 'empty-page' }, h('h1', { class: 'head_2' }, error.message), h('a', { href: rooted('/leads/') }, 'К списку сделок')));
  return null;
}

function layout(state, id, fields, feed, column, actions) {
  const more = h('button', { class: 'icon-button card-fields__more', type: 'button', 'aria-label': 'Действия', 'aria-haspopup': 'menu' }, icon(ICONS.more));
  more.onclick = () => menu(more, [
    { text: 'Скопировать ссылку', act: () => navigator.clipboard && navigator.clipboard.writeText(location.href) },
    { text: 'Удалить', danger: true, act: actions.remove },
  ]);
  fields.head(h('a', { class: 'card-fields__back', href: rooted('/leads/'), 'aria-label': 'К списку сделок' }, icon(ICONS.back)), id ? more : null);
  return h('div', { class: 'card-holder', id: 'card_holder', 'data-id': id },
    h('section', { class: 'card-holder__fields', id: 'card_fields', 'aria-label': 'Поля сделки' }, fields.element),
    h('section', { class: 'card-holder__feed', 'aria-label': 'Лента' }, feed.element),
    column.element);
}

function banner(view, known, restore) {
  const old = view.querySelector('.card-deleted');
  if (old) old.remove();
  if (!known.lead.is_deleted) return;
  const button = h('button', { class: 'button-input', type: 'button', onclick: restore }, 'Восстановить');
  view.querySelector('.card-holder__feed').prepend(h('div', { class: 'card-deleted' }, 'Сделка удалена', button));
}

/** `APP.data.current_card` with a model that holds live, unsaved values. */
function tellWidgets(fields, id) {
  const { data } = window.APP;
  data.current_entity = 'leads';
  data.current_area = 'leads_card';
  data.current_card = {
    id,
    type: 'leads',
    element_type: 2,
    model: { id, get: (name) => fields.live()[name], get attributes() { return fields.live(); } },
  };
}

function contactsOf(state, known) {
  const { phone, email } = state.contact_fields;
  return known.contacts.map((person) => ({
    id: person.id,
    name: person.name,
    first_name: person.first_name,
    last_name: person.last_name,
    phones: (person.values[phone] || []).map((one) => one.value),
    emails: (person.values[email] || []).map((one) => one.value),
  }));
}
