// What a card says between its lines: pure answers that views and dialogs share.

import { isPositive, subtract } from './money.js';

/** Payments of which something can still go back, newest first. */
export function refundable(card) {
  return card.payments.filter((one) => (!one.currency || one.currency === 'RUB') && isPositive(leftOf(one))).reverse();
}

/** What of a payment was neither returned, asked back nor moved away. */
export function leftOf(payment) {
  return payment.refundable || subtract(subtract(payment.amount, payment.refunded), payment.moved || '0.00');
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

/** Tries to pay, newest first; what stands before the last money has been answered by it. */
export function freshAttempts(card) {
  if (!isPositive(card.debt)) return [];
  const paid = card.payments.map((one) => Date.parse(one.received_at)).reduce((last, at) => Math.max(last, at), 0);
  return card.attempts.filter((one) => Date.parse(one.at) > paid);
}
