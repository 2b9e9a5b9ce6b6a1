// The stored receipt of a payment once more to its payer; no other receipt is made by this.

import { channelsOf } from '../card.js';
import { openDecision } from './decisions.js';
import { inputField } from './fields.js';

/** context.subject is the payment. */
export function openReceiptSend(context, handlers) {
  const { t, api, card, subject: payment } = context;
  const mail = channelsOf(card).find((one) => one.channel === 'email');
  return openDecision(context, handlers, {
    name: 'receipt_send',
    reasonless: true,
    before: inputField({ name: 'to', label: t('receipt_send.to'), value: mail ? mail.to : '', type: 'email', first: true }),
    effects: () => [t('receipt_send.effect')],
    read(form, errors) {
      const to = form.elements.to.value.trim();
      if (!to) errors.to = t('receipt_send.wrong');
      return { channel: 'email', to };
    },
    send: (body, key) => api.send('POST', `payments/${payment.id}/receipt/send/`, body, key),
  });
}
