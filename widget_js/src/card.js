// What a card says between its lines: pure answers that views and dialogs share.

import { isPositive, subtract } from './money.js';

/** Something between us and the server may answer in JSON of its own: a wait must end in words then too. */
export function isCard(answer) {
  return typeof answer.debt === 'string' && Array.isArray(answer.actions);
}

/** Payments of which something can still go back, newest first. */
export function refundable(card) {
  return card.payments.filter((one) => (!one.currency || one.currency === 'RUB') && isPositive(leftOf(one))).reverse();
}

/** What of a payment was neither returned, asked back nor moved away. */
export function leftOf(payment) {
  return payment.refundable || subtract(subtract(payment.amount, payment.refunded), payment.moved || '0.00');
}

/** What of a payment is asked for first: where the deal is overpaid and nobody chose the payment, what is over. */
export function offered(card, payment, chosen) {
  const left = leftOf(payment);
  if (chosen || !isPositive(card.credit)) return left;
  return isPositive(subtract(left, card.credit)) ? card.credit : left;
}

const GOING_BACK = ['requested', 'sent'];

/** Was it entered by hand, does anything of it still count, and is nothing of it just going back? Then it can be taken out. */
export function reversible(payment) {
  const byHand = !payment.provider && payment.method !== 'transfer' && !isPositive(payment.reversed || '0.00');
  const goingBack = (payment.refunds || []).some((one) => GOING_BACK.includes(one.state));
  return byHand && !goingBack && (isPositive(leftOf(payment)) || isPositive(payment.moved || '0.00'));
}

/** What a sum does to the open rows, oldest due first: numbers of the closed ones, and of the one it leaves begun. */
export function covered(card, amount) {
  const open = card.installments.map((row) => ({ ...row, rest: subtract(subtract(row.amount, row.paid), row.written_off || '0.00') })).filter((row) => isPositive(row.rest));
  open.sort((one, other) => (one.due_on === other.due_on ? one.number - other.number : one.due_on < other.due_on ? -1 : 1));
  const closed = [];
  let left = amount;
  for (const row of open) {
    if (!isPositive(left)) break;
    left = subtract(left, row.rest);
    if (left.startsWith('-')) return { closed, begun: row.number };
    closed.push(row.number);
  }
  return { closed, begun: null };
}

/** The ready message that goes with the client's page, '' when the server gave none. */
export function messageOf(card) {
  const { full } = card.links || {};
  return full && full.state === 'open' ? full.text || '' : '';
}

/** [{channel, to}] that can reach the payer: the card's own list, else the e-mail it knows. */
export function channelsOf(card) {
  if (card.channels) return card.channels;
  const email = (card.payer && card.payer.email) || (card.contact && card.contact.email) || '';
  return email ? [{ channel: 'email', to: email }] : [];
}

/** The open invoice that asks for the next payment in full: it is sent, not issued once more. */
export function asked(card) {
  const row = card.next && card.mode !== 'deposit' && card.installments.find((one) => one.number === card.next.number);
  const found = row && card.invoices.find((one) => one.id === row.invoice);
  return found && found.state === 'open' && found.amount === card.next.amount ? found : null;
}

/**
 * Tries to pay, newest first; what stands before the last money has been answered by it. The card tells whole
 * seconds: a try of the money's own second is shown, for nobody types a card so fast.
 */
export function freshAttempts(card) {
  if (!isPositive(card.debt)) return [];
  const paid = card.payments.map((one) => Date.parse(one.received_at)).reduce((last, at) => Math.max(last, at), 0);
  return card.attempts.filter((one) => Date.parse(one.at) >= paid);
}
