// The global APP that widgets read: constants of the account, the present card, notices.

const NOTICE_MS = 8000;
const BADGES = { message: '', error: 'notice_error', call: '' };

/** Makes APP (and its deprecated alias AMOCRM) from the account's state. */
export function makeApp(state) {
  const APP = {
    lang_id: 'ru',
    data: { current_card: false, current_list: false, current_view: false, current_entity: '' },
    widgets: { list: {} },
    notifications: makeNotifications(),
    sdk: { showUserStatus: () => true, setCallingStatus: () => true },
    constant: (name) => constants(state)[name],
    getBaseEntity: () => APP.data.current_entity,
    isCard: () => Boolean(APP.data.current_card),
    getWidgetsArea: () => APP.data.current_area || '',
  };
  window.APP = APP;
  window.AMOCRM = APP;
  return APP;
}

function constants(state) {
  const { me, account, users } = state;
  return {
    user: { id: me.id, name: me.name, login: me.email, lang: 'ru', personal_mobile: '', theme: document.documentElement.dataset.colorScheme },
    user_rights: { is_admin: me.rights.is_admin, ...me.rights },
    account: {
      id: account.id,
      name: account.name,
      subdomain: account.subdomain,
      timezone: account.time_zone,
      currency: 'RUB',
      language: 'ru',
      task_types: account.task_types,
      top_level_domain: '.ru',
    },
    managers: Object.fromEntries(users.map((user) => [user.id, { id: user.id, title: user.name, login: user.email, active: true, is_admin: user.rights.is_admin ? 'Y' : 'N', group: 'group_0' }])),
    groups: { group_0: 'Отдел продаж' },
    task_types: Object.fromEntries(account.task_types.map((type) => [type.id, { id: type.id, option: type.name, code: type.code }])),
  };
}

function makeNotifications() {
  const show = (kind) => (params) => push(kind, params || {});
  return {
    show_message: show('message'),
    show_message_error: show('error'),
    show_notification: show('message'),
    add_error: show('error'),
    add_call: (params) => push('call', { header: params.from || params.header, text: params.text }),
  };
}

function push(kind, { header, text, link }) {
  const card = document.createElement('div');
  card.className = `notice ${BADGES[kind]}`;
  const title = document.createElement('b');
  title.textContent = header || '';
  const body = document.createElement(link ? 'a' : 'span');
  if (link) body.href = link;
  body.textContent = text || '';
  const cross = document.createElement('button');
  cross.type = 'button';
  cross.className = 'notice__close icon-close';
  cross.setAttribute('aria-label', 'Закрыть');
  cross.onclick = () => card.remove();
  card.append(title, body, cross);
  document.getElementById('notifications').append(card);
  setTimeout(() => card.remove(), NOTICE_MS);
  return true;
}
