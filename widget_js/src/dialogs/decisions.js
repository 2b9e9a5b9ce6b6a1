// Decisions about a deal that need a reason and a word about what follows: settle, cancel, void an invoice,
// a new client link. Each is one table entry; the frame does the rest.

import { html } from '../html.js';
import { formatMoney, formatNumber, isPositive, parseMoney, subtract } from '../money.js';
import { effectsView } from '../views/effects.js';
import { openDialog } from './frame.js';
import { inputField, selectField, showFieldErrors, textField } from './fields.js';

/** Why part of the money stays after a withdrawal; the first says that nothing of the kind does. */
const RETAINED = ['', 'rendered_part', 'actual_costs', 'late_cancellation', 'no_show', 'security_deposit'];

/** «Закрыть на другую сумму»: withdrawal or discount, the rest of the money becomes credit. */
export function openSettle(context, handlers) {
  const { t, api, card } = context;
  return openDecision(context, handlers, {
    name: 'settle',
    before: html`${inputField({ name: 'total', label: t('settle.total'), value: formatNumber(card.paid), mode: 'decimal', suffix: '₽', first: true, hint: t(card.mode === 'deposit' ? 'settle.hint_deposit' : 'settle.hint', { paid: formatMoney(card.paid) }) })}
      ${selectField({ name: 'retained', label: t('settle.retained'), options: RETAINED.map((name) => [name, t(`settle.retained_${name || 'nothing'}`)]) })}`,
    effects: (form) => settleEffects(t, card, parseMoney(form.elements.total.value)),
    read(form, errors) {
      const total = parseMoney(form.elements.total.value) || (/^\s*0+([.,]0*)?\s*$/.test(form.elements.total.value) ? '0.00' : null);
      if (!total) errors.total = t('payment.wrong_amount');
      else if (isPositive(subtract(total, card.paid))) errors.total = t('settle.above', { paid: formatMoney(card.paid) });
      return { total, retained: form.elements.retained.value, version: card.version };
    },
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/settle/`, body, key),
  });
}

export function openCancel(context, handlers) {
  const { t, api, card } = context;
  return openDecision(context, handlers, {
    name: 'cancel',
    keepLabel: t('cancel.keep'),
    danger: true,
    read: () => ({ version: card.version }),
    effects: () => [t('cancel.effect_rows', { debt: formatMoney(card.debt) }), t('cancel.effect_quiet'), isPositive(card.paid) && t('cancel.effect_money', { paid: formatMoney(card.paid) })],
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/schedule/cancel/`, body, key),
  });
}

/** context.subject is the invoice. */
export function openVoid(context, handlers) {
  const { t, api, subject: invoice } = context;
  return openDecision(context, handlers, {
    name: 'void',
    danger: true,
    title: t('void.title', { number: invoice.number }),
    effects: () => [t('void.effect_link'), t('void.effect_debt')],
    send: (body, key) => api.send('POST', `invoices/${invoice.id}/void/`, body, key),
  });
}

/** The old address of the client's page dies at once. */
export function openRevoke(context, handlers) {
  const { t, api, card } = context;
  return openDecision(context, handlers, {
    name: 'revoke',
    danger: true,
    reasonless: true,
    effects: () => [t('revoke.effect_old'), t('revoke.effect_new')],
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/pay-link/revoke/`, body, key),
  });
}

/**
 * spec: name (texts and data), title?, before? (fields), effects(form) → texts, read?(form, errors) → part of the body,
 * send(body, key), danger?, reasonless?, keepLabel? (what leaving is called), ready?(form)
 */
export function openDecision(context, { onDone, onConflict, onClosed }, spec) {
  const { t } = context;
  return openDialog(context, {
    title: spec.title || t(`${spec.name}.title`),
    content: html`${spec.before || ''}${!spec.reasonless && textField({ name: 'reason', label: t('decision.reason'), hint: t('schedule.reason_hint'), first: !spec.before })}<div class="grafik-decision__effects" aria-live="polite"></div>`,
    submitLabel: t(`${spec.name}.submit`),
    cancelLabel: spec.keepLabel,
    submitKind: spec.danger ? 'danger' : 'primary',
    collect: (form) => collect(t, form, spec),
    send: spec.send,
    onReady({ form }) {
      const show = () => {
        form.querySelector('.grafik-decision__effects').innerHTML = String(effectsView(t, spec.effects(form).filter(Boolean)));
      };
      if (spec.ready) spec.ready(form);
      form.addEventListener('input', show);
      form.addEventListener('change', show);
      show();
    },
    onDone,
    onConflict,
    onClosed,
  });
}

function settleEffects(t, card, total) {
  const kept = total || '0.00';
  const over = subtract(card.paid, kept);
  return [t('settle.effect_total', { total: formatMoney(kept) }), t('settle.effect_rows'), isPositive(over) && t('settle.effect_credit', { over: formatMoney(over) })];
}

function collect(t, form, spec) {
  const errors = {};
  const body = spec.read ? spec.read(form, errors) : {};
  if (!spec.reasonless) {
    body.reason = form.elements.reason.value.trim();
    if (!body.reason) errors.reason = t('decision.wrong_reason');
  }
  showFieldErrors(form, errors);
  return Object.keys(errors).length ? null : body;
}
