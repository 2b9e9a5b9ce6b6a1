// One bank transfer that pays several deals of one legal entity: the whole sum, its parts by deal, who sent it. The
// payer's other deals are offered by a click, any other deal by its number. The parts are added up while they are
// typed, and the form sends only what adds up; the server judges the deals.

import { isOffers } from '../answers.js';
import { html } from '../html.js';
import { formatDay, parseDay } from '../dates.js';
import { add, formatMoney, formatNumber, isPositive, parseMoney, subtract } from '../money.js';
import { button } from '../views/controls.js';
import { effectsView } from '../views/effects.js';
import { previewNote } from '../views/preview.js';
import { openDialog } from './frame.js';
import { dateField, inputField, selectField, showFieldErrors } from './fields.js';

const METHODS = ['bank_transfer', 'cash', 'card_terminal', 'other'];
const PARTS_MAX = 20;

/** context: {Modal, t, api, today, card}; onDone(transfer). */
export function openSplit(context, { onDone, onConflict, onClosed }) {
  const { t, api, card, today } = context;
  return openDialog(context, {
    title: t('split.title'),
    content: contentView(t, card, today),
    submitLabel: t('split.submit'),
    collect: (form) => {
      const { body, errors } = readSplit(t, valuesOf(form), today);
      showFieldErrors(form, errors);
      return body;
    },
    send: (body, key) => api.send('POST', 'payments/split/', body, key),
    onReady: (dialog) => {
      connect(t, dialog);
      offer(context, dialog);
    },
    onDone,
    onConflict,
    onClosed,
  });
}

function contentView(t, card, today) {
  const company = card.payer && card.payer.kind === 'company' ? card.payer : { inn: '', kpp: '' };
  const name = (card.payer && card.payer.name) || card.contact.name || '';
  return html`<div class="grafik-pair">${inputField({ name: 'amount', label: t('split.amount'), mode: 'decimal', suffix: '₽', first: true })}
    ${dateField({ t, name: 'paid_on', label: t('payment.paid_on'), value: today })}</div>
    <div class="grafik-offers" data-offers aria-live="polite"></div>
    <div class="grafik-parts" data-field="parts"><div class="grafik-pair grafik-parts__head"><span>${t('move.deal')}</span><span>${t('split.part')}</span></div>
      <div class="grafik-parts__rows">${[partView(t, 1, String(card.lead_id), formatNumber((card.next && card.next.amount) || card.debt)), partView(t, 2, '', '')]}</div>
      <span class="grafik-field__error" id="grafik-parts-error"></span>
      <div>${button({ action: 'add_part', kind: 'link', label: t('split.add') })}</div></div>
    ${inputField({ name: 'payer', label: t('split.payer'), value: name })}
    <div class="grafik-pair">${inputField({ name: 'inn', label: t('payer.inn'), value: company.inn || '', mode: 'numeric', hint: t('split.inn_hint') })}
    ${inputField({ name: 'kpp', label: t('payer.kpp'), value: company.kpp || '', hint: t('split.kpp_hint') })}</div>
    <div class="grafik-pair">${inputField({ name: 'external_id', label: t('split.number'), hint: t('split.number_hint') })}
    ${selectField({ name: 'method', label: t('payment.method'), options: METHODS.map((one) => [one, t(`method.${one}`)]) })}</div>
    <div class="grafik-split__effects" aria-live="polite"></div>`;
}

export function partView(t, number, lead, sum) {
  return html`<div class="grafik-pair grafik-parts__row"><input class="grafik-input__box" name="part_lead" inputmode="numeric" value="${lead}" aria-label="${t('split.row_deal', { number })}" aria-describedby="grafik-parts-error">
    <span class="grafik-input grafik-input_suffix"><input class="grafik-input__box" name="part_amount" inputmode="decimal" value="${sum}" aria-label="${t('split.row_sum', { number })}"><span class="grafik-input__suffix" aria-hidden="true">₽</span></span></div>`;
}

function connect(t, { form, recentre }) {
  const show = () => {
    form.querySelector('.grafik-split__effects').innerHTML = String(effectsView(t, splitEffects(t, valuesOf(form))));
  };
  form.querySelector('[data-action="add_part"]').addEventListener('click', () => {
    addPart(t, form, '', '').focus();
    recentre();
  });
  form.addEventListener('input', show);
  show();
}

/** Into the first row that is still empty, else into a new one; → its first field. */
function addPart(t, form, lead, sum) {
  const rows = form.querySelector('.grafik-parts__rows');
  const isEmpty = (row) => Array.from(row.querySelectorAll('input')).every((box) => !box.value.trim());
  const empty = lead && Array.from(rows.children).find(isEmpty);
  if (!empty) rows.insertAdjacentHTML('beforeend', String(partView(t, rows.children.length + 1, '', '')));
  const [deal, amount] = (empty || rows.lastElementChild).querySelectorAll('input');
  deal.value = lead;
  amount.value = sum;
  form.querySelector('[data-action="add_part"]').hidden = rows.children.length >= PARTS_MAX;
  return deal;
}

/** The payer's other deals that owe; each is taken once. Without an answer the numbers are typed. */
function offer({ t, api, card }, dialog) {
  const { form } = dialog;
  const place = form.querySelector('[data-offers]');
  let found = [];
  place.addEventListener('click', (event) => {
    const chosen = event.target.closest('[data-action="offer_part"]');
    const one = chosen && found.find(({ lead_id: lead }) => String(lead) === chosen.dataset.id);
    if (!one || form.querySelector('.grafik-parts__rows').children.length > PARTS_MAX) return;
    found = found.filter((other) => other !== one);
    place.innerHTML = String(offersView(t, found));
    addPart(t, form, String(one.lead_id), formatNumber(one.asked)).dispatchEvent(new Event('input', { bubbles: true }));
    form.elements.amount.focus();
    dialog.recentre();
  });
  place.innerHTML = String(previewNote(t('move.looking'), true));
  api.get(`deals/${card.lead_id}/credit/`, isOffers).then(
    (answer) => {
      if (!dialog.isOpen()) return;
      found = answer.together || [];
      place.innerHTML = String(found.length ? offersView(t, found) : previewNote(t('move.nothing_found')));
      dialog.recentre();
    },
    () => {
      place.innerHTML = String(previewNote(t('move.not_found')));
    },
  );
}

export function offersView(t, deals) {
  if (!deals.length) return '';
  const chips = deals.map((one) => button({ action: 'offer_part', id: one.lead_id, kind: 'small', label: t('split.offer', { name: one.name || `#${one.lead_id}`, debt: formatMoney(one.debt) }) }));
  return html`<span class="grafik-field__label">${t('split.offers')}</span><div class="grafik-chips">${chips}</div>`;
}

function valuesOf(form) {
  const all = (name) => Array.from(form.querySelectorAll(`[name="${name}"]`), (box) => box.value.trim());
  const sums = all('part_amount');
  const values = Object.fromEntries(['amount', 'paid_on', 'payer', 'inn', 'kpp', 'external_id', 'method'].map((name) => [name, form.elements[name].value.trim()]));
  return { ...values, parts: all('part_lead').map((lead, index) => ({ lead, sum: sums[index] })).filter((one) => one.lead || one.sum) };
}

function placed(values) {
  return add('0.00', ...values.parts.map((one) => parseMoney(one.sum) || '0.00'));
}

/** What follows, and what of the transfer is not in any part yet. */
export function splitEffects(t, values) {
  const amount = parseMoney(values.amount);
  if (!amount) return [];
  const left = subtract(amount, placed(values));
  if (isPositive(left)) return [t('split.left', { left: formatMoney(left) })];
  if (left.startsWith('-')) return [t('split.over', { over: formatMoney(left.slice(1)) })];
  return [t('split.effect_payments', { count: t.count('schedule.payments', values.parts.length) }), t('split.effect_once')];
}

/** Typed values → {body or null, errors}: who has an ИНН of ten digits is a company, and may have a КПП. */
export function readSplit(t, values, today) {
  const errors = {};
  const amount = parseMoney(values.amount);
  const day = parseDay(values.paid_on);
  const parts = values.parts.map(({ lead, sum }) => ({ lead_id: Number(lead.replace(/\D/g, '')), amount: parseMoney(sum) }));
  if (!amount) errors.amount = t('payment.wrong_amount');
  if (!day) errors.paid_on = t('payment.wrong_day');
  else if (day > today) errors.paid_on = t('payment.future_day', { today: formatDay(today) });
  if (!values.payer) errors.payer = t('payer.wrong_name');
  if (values.inn && !/^(\d{10}|\d{12})$/.test(values.inn)) errors.inn = t('split.wrong_inn');
  const isCompany = values.inn.length === 10;
  if (values.kpp && !isCompany) errors.kpp = t('split.kpp_hint');
  else if (values.kpp && !/^\d{4}[\dA-Z]{2}\d{3}$/.test(values.kpp)) errors.kpp = t('split.wrong_kpp');
  if (!parts.length || parts.some((one) => !one.lead_id || !one.amount)) errors.parts = t('split.wrong_part');
  else if (amount && subtract(amount, placed(values)) !== '0.00') errors.parts = splitEffects(t, values)[0];
  if (Object.keys(errors).length) return { body: null, errors };
  const payer = { kind: isCompany ? 'company' : 'person', name: values.payer, inn: values.inn, kpp: values.kpp };
  return { body: { amount, paid_on: day, method: values.method, external_id: values.external_id, payer, parts }, errors };
}
