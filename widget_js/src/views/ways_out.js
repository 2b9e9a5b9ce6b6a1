// The way out of each warning that has one in this card: a button, or nothing when the words are all there is.

import { refundable } from '../card.js';
import { html } from '../html.js';
import { button, copyButton } from './controls.js';

const WAYS = {
  stale: (t, card, ui) => again(t, ui),
  no_email: (t, card, ui) => html`${card.pay_url && copyButton({ t, id: 'warning-page', text: card.pay_url, label: t('copy.link'), what: t('copy.what_pay_url'), copied: ui.copied })} ${again(t, ui)}`,
  no_receiver: (t, card, ui) => again(t, ui),
  owner_differs: (t, card, ui) => again(t, ui),
  price_differs: (t, card) => html`${card.actions.includes('rebuild') && way('schedule', t('actions.rebuild'))} ${card.actions.includes('restore_price') && way('restore_price', t('actions.restore_price'))}`,
  written_off: (t, card) => card.actions.includes('reverse_write_off') && way('reverse_write_off', t('actions.reverse_write_off')),
  credit: (t, card) => refundable(card).length > 0 && html`${card.actions.includes('refund') && way('refund', t('actions.refund'))} ${card.actions.includes('move') && way('move', t('actions.move'))}`,
  date_request: (t, card) => card.actions.includes('decide_date') && way('decide_date', t('actions.decide_date')),
  reminders_stopped: (t) => way('go_on', t('actions.go_on')),
  invoices_stopped: (t) => way('go_on', t('actions.go_on')),
  bounced: (t, card, ui) => again(t, ui),
  pause_over: (t, card) => card.actions.includes('resume') && way('resume', t('actions.resume')),
  receipt_failed: (t, card, ui) => card.payments.length > 2 && !ui.expanded.has('payments') && button({ action: 'fold', id: 'payments', kind: 'link', label: t('way_out.show_payments') }),
  deal_closed: (t, card) => card.actions.includes('decide_loss') && way('decide_loss', t('actions.decide_loss')),
};

export function wayOut(t, card, ui, warning) {
  const known = WAYS[warning.code];
  return (known && known(t, card, ui)) || '';
}

function way(action, label) {
  return button({ action, id: 'warning', kind: 'link', label });
}

/** What is put right elsewhere in amoCRM is looked at again by a click. */
function again(t, ui) {
  return button({ action: 'reload', kind: 'link', label: t('way_out.check_again'), busy: ui.busy === 'reload' });
}
