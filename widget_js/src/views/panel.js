// The whole panel as one pure function of the card and a little view state; the DOM is elsewhere.
// ui: {busy: action in flight, expanded: Set of open folds, copied: id just copied, stale: refresh failed}

import { asked, messageOf } from '../card.js';
import { html } from '../html.js';
import { formatMoney, isPositive } from '../money.js';
import { attemptsView } from './attempts.js';
import { callout } from './callout.js';
import { button, copyButton, icon, link } from './controls.js';
import { documentsView, installmentsView, invoicesView, paymentsView } from './lists.js';
import { messagesView } from './messages.js';
import { moreView } from './more.js';
import { summaryView } from './summary.js';
import { wayOut } from './ways_out.js';

export function panelView({ t, card, ui }) {
  return html`<div class="grafik-panel">
    ${ui.stale && callout('warning', t('panel.stale'), button({ action: 'reload', kind: 'link', label: t('panel.retry'), busy: ui.busy === 'reload' }))}
    ${summaryView(t, card)}
    ${mainButton(t, card, ui)}
    ${warningsView(t, card, ui)}
    ${attemptsView({ t, card, ui })}
    ${linksView(t, card, ui)}
    ${moneyButtons(t, card)}
    ${toolsView(t, card, ui)}
    ${moreView({ t, card, ui })}
    ${installmentsView({ t, card, ui })}
    ${invoicesView({ t, card, ui })}
    ${paymentsView({ t, card, ui })}
    ${documentsView({ t, card, ui })}
    ${messagesView({ t, card, ui })}
  </div>`;
}

/** Shown at once, before the first answer, about as high as a card: nothing jumps. */
export function loadingView(t) {
  return html`<div class="grafik-panel grafik-panel_loading" role="status"><span class="grafik-ring" aria-hidden="true"></span><span>${t('panel.loading')}</span></div>`;
}

export function failedView(t, text, retry) {
  return html`<div class="grafik-panel" role="alert">${callout('error', text, retry && button({ action: 'reload', label: t('panel.retry') }))}</div>`;
}

export function unsavedView(t) {
  return html`<div class="grafik-panel"><p class="grafik-hint">${t('panel.unsaved')}</p></div>`;
}

function mainButton(t, card, ui) {
  const can = (action) => card.actions.includes(action);
  if (card.mode === 'deposit') {
    return can('links') ? button({ action: 'links', kind: 'primary', label: t('actions.links'), busy: ui.busy === 'links' }) : '';
  }
  if (can('schedule')) return button({ action: 'schedule', kind: 'primary', label: t('actions.schedule') });
  const invoice = can('invoice') && asked(card);
  if (invoice) return button({ action: 'send', id: invoice.id, kind: 'primary', label: t(invoice.sent.length ? 'actions.send_again' : 'actions.send') });
  if (asks(card)) return button({ action: 'invoice', kind: 'primary', label: t('actions.invoice') });
  return can('rebuild') ? button({ action: 'schedule', label: t('actions.rebuild') }) : '';
}

/** With a schedule that owes, the next thing to do is to ask for the money. */
function asks(card) {
  return card.actions.includes('invoice') && isPositive(card.debt) && Boolean(card.next);
}

/** The server says what is wrong in words; where a click of ours is the way out, a button stands below. */
function warningsView(t, card, ui) {
  return card.warnings.map((warning) => callout('warning', warning.text, wayOut(t, card, ui, warning)));
}

function linksView(t, card, ui) {
  if (card.mode !== 'deposit' || !card.links) return '';
  const rows = ['deposit', 'full'].filter((name) => card.links[name]).map((name) => linkRow(t, name, card.links[name], ui));
  return rows.length ? html`<ul class="grafik-list grafik-links">${rows}</ul>` : '';
}

/** A link asks for what is still owed: of a paid one that is nothing, and not worth a figure. */
function linkRow(t, name, one, ui) {
  const what = t(`links.${name}`);
  const open = one.state === 'open';
  return html`<li class="grafik-row" data-link="${name}">
    <div class="grafik-row__main"><span>${what}</span>${one.state !== 'paid' && html`<span class="grafik-row__sum">${formatMoney(one.amount)}</span>`}</div>
    <div class="grafik-row__note"><span class="grafik-tone_${one.state === 'paid' ? 'success' : 'muted'}">${t.known(`link_state.${one.state}`) || one.state}</span>${open && link(one.url, t('links.open'))}</div>
    ${open && html`<div class="grafik-row__actions">${copyButton({ t, id: `link-${name}`, text: one.url, label: t('copy.link'), what, copied: ui.copied })}
      ${one.text && copyButton({ t, id: `text-${name}`, text: one.text, label: t('copy.text'), what, copied: ui.copied })}</div>`}</li>`;
}

function moneyButtons(t, card) {
  const owes = isPositive(card.debt);
  const can = (action) => card.actions.includes(action);
  const row = [
    asks(card) && card.mode === 'deposit' && button({ action: 'invoice', label: t('actions.invoice') }),
    asks(card) && card.mode !== 'deposit' && can('rebuild') && button({ action: 'schedule', label: t('actions.rebuild') }),
    owes && can('full_payment') && button({ action: 'full_payment', label: t('actions.full_payment') }),
    can('partial_payment') && button({ action: 'partial_payment', label: t('actions.partial_payment') }),
  ].filter(Boolean);
  return row.length ? html`<div class="grafik-buttons">${row}</div>` : '';
}

function toolsView(t, card, ui) {
  const copy = (id, text, label, what) => text && copyButton({ t, id, text, label, what, copied: ui.copied });
  return html`<div class="grafik-tools">
    <div class="grafik-tools__copies">${copy('pay_url', card.pay_url, t('copy.link'), t('copy.what_pay_url'))}
      ${copy('message', card.mode === 'deposit' ? '' : messageOf(card), t('copy.text'), t('copy.what_message'))}
      ${card.pay_url && button({ action: 'qr', kind: 'small', label: t('actions.qr'), before: icon('qr') })}</div>
    <div class="grafik-tools__links">${card.actions.includes('document') && button({ action: 'document', kind: 'link', label: t('actions.document') })}
      ${button({ action: 'history', kind: 'link', label: t('actions.history') })}
      ${button({ action: 'analytics', kind: 'link', label: t('actions.analytics') })}</div>
  </div>`;
}
