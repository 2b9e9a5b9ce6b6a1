// What amoCRM calls. Each callback is a door: it reads amoCRM's globals, hands values to the modules
// that work, and returns what amoCRM expects. APP is only ever read.

import { SALESBOT_URL, makeApi } from './api.js';
import { salesbotSteps, showStep, showTrigger, stepExits } from './automation.js';
import { download } from './download.js';
import { Panel } from './panel.js';
import { showPages } from './pages.js';
import { showSettings } from './settings.js';
import { ensureStylesheet } from './stylesheet.js';
import { makeTexts } from './texts.js';
import { keepToken } from './token.js';
import { failedView, loadingView, unsavedView } from './views/panel.js';

/** Makes amoCRM's widget constructor from amoCRM's own Modal. */
export function makeWidget(Modal) {
  const tokens = keepToken();

  return function Widget() {
    const self = this;
    let panel = null;
    let page = null;

    const texts = () => makeTexts((path) => self.i18n(path), self.langs);
    const api = () => makeApi(tokens.through((options) => self.$authorizedAjax(options), person()), undefined, texts().language);
    const style = () => ensureStylesheet(self.params.path, self.get_version());

    function stopPanel() {
      if (panel) panel.stop();
      panel = null;
    }

    function stopPage() {
      if (page) page.stop();
      page = null;
    }

    /** The page of figures is a module of its own: the card never loads its charts. */
    function openFigures(root) {
      const t = texts();
      root.innerHTML = String(loadingView(t));
      const mine = { stop: () => root.removeEventListener('click', again) };
      const again = (event) => event.target.closest('[data-action="reload"]') && openFigures(root);
      page = mine;
      window.require(
        [`${self.params.path}/lib/figures.js?v=${encodeURIComponent(self.get_version())}`],
        ({ AnalyticsPage, SetupPage }) => {
          if (page !== mine) return;
          mine.stop();
          const pages = { figures: (place) => new AnalyticsPage({ root: place, api: api(), t, notify: notices(), dealUrl, download }) };
          if (isAdmin()) pages.setup = (place) => new SetupPage({ root: place, api: api(), t });
          page = showPages(root, t, pages);
        },
        () => {
          if (page !== mine) return;
          root.innerHTML = String(failedView(t, t('problem.offline'), true));
          root.addEventListener('click', again, { once: true });
        },
      );
    }

    this.callbacks = {
      render() {
        stopPanel();
        if (!inLeadCard()) return true;
        style();
        self.render_template(
          {
            caption: { class_name: 'grafik-caption' },
            body: '',
            render: `<div class="grafik js-grafik">${leadId() ? loadingView(texts()) : unsavedView(texts())}</div>`,
          },
          {},
        );
        return true;
      },

      init() {
        stopPanel();
        const root = document.querySelector('.js-grafik');
        const lead = inLeadCard() && leadId();
        if (!root || !lead) return true;
        panel = new Panel({
          root,
          leadId: lead,
          api: api(),
          t: texts(),
          Modal,
          nameOf: managerName,
          notify: notices(),
          listen: (look) => (self.listenSocketChannel ? self.listenSocketChannel(`leads:card:${lead}`, ['*'], look) : null),
        });
        panel.start();
        return true;
      },

      bind_actions() {
        return true;
      },

      settings($body) {
        style();
        showSettings({
          body: $body[0],
          code: self.get_settings().widget_code,
          installed: self.get_install_status() === 'installed',
          api: api(),
          t: texts(),
        });
        return true;
      },

      advancedSettings() {
        stopPage();
        const holder = document.querySelector('#list_page_holder');
        if (!holder) return true;
        style();
        const root = document.createElement('div');
        root.className = 'grafik';
        holder.replaceChildren(root);
        openFigures(root);
        return true;
      },

      dpSettings() {
        style();
        showTrigger({ code: self.get_settings().widget_code, api: api(), t: texts() });
        return true;
      },

      salesbotDesignerSettings($body) {
        style();
        showStep({ body: $body[0], t: texts() });
        return stepExits(texts());
      },

      onSalesbotDesignerSave(handler, params) {
        return salesbotSteps(handler, params || {}, SALESBOT_URL);
      },

      onSave() {
        return true;
      },

      destroy() {
        stopPanel();
        stopPage();
      },
    };
    return this;
  };
}

/** 0 for a lead that was never saved, or outside a card. */
function leadId() {
  const card = APP.data.current_card;
  return card ? Number(card.id) || 0 : 0;
}

function inLeadCard() {
  return APP.getBaseEntity() === 'leads' && Boolean(APP.isCard());
}

/** A deal's address beside this page, wherever amoCRM hangs its pages. */
function dealUrl(id) {
  const base = location.pathname.replace(/\/(advanced_)?settings\/.*$/, '').replace(/\/$/, '');
  return `${location.origin}${base}/leads/detail/${id}`;
}

/** Only for what is offered: the server decides by the token. */
function isAdmin() {
  const rights = APP.constant('user_rights');
  return Boolean(rights && rights.is_admin);
}

/** Who sits at this page; with another one nothing of the first is used. */
function person() {
  const user = APP.constant('user');
  return String((user && user.id) || '');
}

function managerName(id) {
  const managers = APP.constant('managers');
  return (managers && managers[id] && managers[id].title) || '';
}

function notices() {
  return {
    done: (header, text) => APP.notifications.show_message({ header, text, date: Math.floor(Date.now() / 1000) }),
    problem: (header, text) => APP.notifications.show_message_error({ header, text }),
  };
}
