// Runs the account's widgets as amoCRM does: loads script.js of each, gives the object its `self.*` helpers,
// calls render → bind_actions → init when an area is entered and destroy when it is left.

import { rooted, send } from '../ui/net.js';

const CRM_POST_EVERY_MS = 1000;
const channels = new Map();
let lastPost = Promise.resolve();
let running = [];

/** Tells the listeners of `self.listenSocketChannel`; `keys` are what changed. */
export function publish(channel, message) {
  for (const listener of channels.get(channel) || []) listener(message);
}

/** Starts every installed widget that names one of the locations; `area` is the short name (`lcard`). */
export async function enter(state, area, { column, card, only, first } = {}) {
  const chosen = state.widgets.filter((info) => (only ? info.code === only : info.installed && located(info, area)));
  const token = {};
  running.token = token;
  for (const info of chosen) {
    try {
      const widget = await create(state, info, area, { column, card });
      if (running.token !== token) return [];
      running.push(widget);
      window.APP.widgets.list[info.code] = widget;
      if (first) await first(widget);
      start(widget);
    } catch (error) {
      window.APP.notifications.show_message_error({ header: 'Виджет не запустился', text: `${info.code}: ${error.message}` });
      console.debug(error);
    }
  }
  return running;
}

/** Leaves the area: every running widget is destroyed and its block removed. */
export function leave() {
  const stopped = running;
  running = [];
  for (const widget of stopped) {
    try {
      if (widget.callbacks.destroy) widget.callbacks.destroy();
    } finally {
      delete window.APP.widgets.list[widget.params.widget_code];
    }
  }
}

function located(info, area) {
  return info.manifest.locations.some((name) => name.replace(/-\d$/, '') === area || name === 'everywhere');
}

function start(widget) {
  for (const name of ['render', 'bind_actions', 'init']) {
    if (typeof widget.callbacks[name] !== 'function') throw new Error(`нет callbacks.${name}`);
    if (widget.callbacks[name]() !== true) return;
  }
}

async function create(state, info, area, places) {
  const module = `${info.path}/script.js?v=${encodeURIComponent(info.version)}`;
  const [Widget] = await window.require([module]);
  if (typeof Widget !== 'function') throw new Error('script.js не вернул конструктор');
  Object.assign(Widget.prototype, helpers(state, info, area, places));
  const widget = new Widget();
  if (!widget.callbacks) throw new Error('нет this.callbacks');
  return widget;
}

function helpers(state, info, area, { column, card }) {
  const settings = { ...info.settings, widget_code: info.code };
  const langs = { ...info.i18n.ru };
  return {
    params: {
      id: info.code,
      path: info.path,
      images_path: `${info.path}/images`,
      widget_code: info.code,
      oauth_client_uuid: info.client_id,
      status: info.installed ? 'installed' : 'install',
      active: info.installed ? 'Y' : 'N',
      widget_active: info.installed ? 'Y' : 'N',
      version: info.version,
    },
    langs,
    system: () => system(state, area),
    get_settings: () => settings,
    set_settings: (more) => Object.assign(settings, more),
    get_version: () => info.version,
    get_install_status: () => (info.installed ? 'installed' : 'install'),
    set_lang: (more) => Object.assign(langs, more),
    i18n: (path) => path.split('.').reduce((words, key) => (words === undefined ? undefined : words[key]), langs),
    render,
    render_template: (parts, params) => renderBlock(info, column, parts, params),
    get_accounts_current: () => window.APP.constant('account'),
    get_current_card_contacts_data: () => Promise.resolve(card ? card.contacts() : []),
    crm_post: crmPost,
    $authorizedAjax: (options) => authorizedAjax(info, options),
    add_action: (kind, action) => actions(state, info)('action', kind, action),
    add_source: (kind, action) => actions(state, info)('source', kind, action),
    list_selected: () => ({ selected: [], summary: { count: 0 } }),
    widgetsOverlay: (shown) => document.body.classList.toggle('widgets-overlay', Boolean(shown)),
    listenSocketChannel: listen,
  };
}

function system(state, area) {
  return {
    area,
    amouser_id: String(state.me.id),
    amouser: state.me.email,
    amohash: '',
    domain: window.location.host,
    server: window.location.origin,
    subdomain: state.account.subdomain,
    displayed_count: 0,
  };
}

function actions(state, info) {
  return (role, kind, action) => {
    state.actions = [...(state.actions || []).filter((one) => one.code !== info.code || one.kind !== kind), { role, kind, action, code: info.code }];
  };
}

function listen(channel, keys, listener) {
  const heard = (message) => listener(message);
  channels.set(channel, [...(channels.get(channel) || []), heard]);
  return () => channels.set(channel, channels.get(channel).filter((one) => one !== heard));
}

// templates

function render(template, params) {
  if (template.data !== undefined) return twigNow(template.data, params);
  const address = template.ref ? `${document.body.dataset.static}templates${template.ref}` : `${template.base_path || ''}${template.href}`;
  const loaded = fetch(address).then((answer) => answer.text()).then((text) => ({ render: (values) => twigNow(text, values) }));
  if (template.load) loaded.then((made) => template.load(made));
  return template.promised ? loaded : loaded.then((made) => made.render(params));
}

let twigModule = null;

/** Called once before the first widget: `self.render({data})` answers at once and cannot wait for a script. */
export async function prepare() {
  window.require.paths.twigjs = `${document.body.dataset.static}vendor/twig-0.8.9.min.js`;
  [twigModule] = await window.require(['twigjs']);
}

function twigNow(text, params) {
  return twigModule.twig({ data: text }).render(params || {});
}

function renderBlock(info, column, { caption, body, render: inner }, params) {
  if (!column) return '';
  const block = column.block(info, caption || {});
  window.$(block).html((body || '') + (inner ? twigNow(inner, params) : ''));
  return block;
}

// calls

function authorizedAjax(info, options) {
  const $ = window.$;
  const address = rooted(`/ajax/v2/integrations/${info.client_id}/disposable_token`);
  return $.ajax({ url: address, dataType: 'json' }).then((answer) => $.ajax($.extend({}, options, {
    headers: $.extend({}, options.headers, { 'X-Auth-Token': answer.token }),
  })));
}

/** Through the account's server, one call a second, the rest waits in line. */
function crmPost(url, data, done, type, failed) {
  const turn = lastPost;
  lastPost = turn.then(() => new Promise((resolve) => setTimeout(resolve, CRM_POST_EVERY_MS)));
  turn.then(() => send('POST', '/_ui/crm_post', { url, data }, { raw: true })).then(async (answer) => {
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const text = await answer.text();
    if (done) done(type === 'json' ? JSON.parse(text) : text);
  }).catch((error) => failed && failed(error));
}
