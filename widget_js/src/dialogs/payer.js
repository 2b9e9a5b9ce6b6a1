// Who pays for the deal, or for one row that waits for somebody else: the contact, another person, or a company with
// its requisites. Requisites are shown only for a company, and the server alone checks them.

import { formatDay } from '../dates.js';
import { html } from '../html.js';
import { formatMoney } from '../money.js';
import { openDecision } from './decisions.js';
import { inputField, selectField } from './fields.js';

const KINDS = ['contact', 'company', 'third_party'];
const REQUISITES = ['inn', 'kpp', 'address'];

/** context: {Modal, t, api, card} */
export function openPayer(context, handlers) {
  const { t, api, card } = context;
  const now = named(card.payer);
  const open = card.installments.filter((row) => row.state !== 'paid');
  const rows = [['', t('payer.whole_deal')], ...open.map((row) => [String(row.number), t('move_date.row', { number: row.number, day: formatDay(row.due_on), amount: formatMoney(row.amount) })])];
  const value = (name) => (now && now[name]) || '';
  return openDecision(context, handlers, {
    name: 'payer',
    reasonless: true,
    before: html`${open.length > 0 && selectField({ name: 'row', label: t('payer.row'), options: rows })}${selectField({ name: 'kind', label: t('payer.kind'), value: now ? now.kind : 'contact', options: KINDS.map((name) => [name, t(`payer.kind_${name}`)]) })}
      <div class="grafik-fields" data-payer="named">${inputField({ name: 'name', label: t('payer.name'), value: value('name') })}
      <div class="grafik-pair" data-payer="company">${inputField({ name: 'inn', label: t('payer.inn'), value: value('inn'), mode: 'numeric' })}${inputField({ name: 'kpp', label: t('payer.kpp'), value: value('kpp'), mode: 'numeric' })}</div>
      <div data-payer="company">${inputField({ name: 'address', label: t('payer.address'), value: value('address') })}</div>
      ${inputField({ name: 'email', label: t('payer.email'), value: value('email'), type: 'email' })}</div>`,
    ready: (form) => open.length > 0 && form.elements.row.addEventListener('change', () => showPayer(form, card)),
    effects(form) {
      const kind = form.elements.kind.value;
      form.querySelector('[data-payer="named"]').hidden = kind === 'contact';
      form.querySelectorAll('[data-payer="company"]').forEach((place) => {
        place.hidden = kind !== 'company';
      });
      const row = open.length > 0 && form.elements.row.value;
      return [row ? t(`payer.effect_row_${kind === 'contact' ? 'contact' : 'other'}`, { number: row }) : t(`payer.effect_${kind}`)];
    },
    read: (form, errors) => readPayer(t, form.elements, errors),
    send: ({ kind, row, ...payer }, key) => {
      const path = `deals/${card.lead_id}/${row ? `schedule/rows/${row}/` : ''}payer/`;
      return kind === 'contact' ? api.send('DELETE', path, {}, key) : api.send('PUT', path, { kind, ...payer }, key);
    },
  });
}

/** Somebody else than the contact, or null. */
function named(payer) {
  return payer && payer.kind !== 'person' ? payer : null;
}

/** The fields say who pays what was chosen: a row without a payer of its own is paid like the deal. */
function showPayer(form, card) {
  const row = card.installments.find((one) => String(one.number) === form.elements.row.value);
  const payer = named(row ? row.payer : card.payer);
  form.elements.kind.value = payer ? payer.kind : 'contact';
  ['name', 'email', ...REQUISITES].forEach((name) => {
    form.elements[name].value = (payer && payer[name]) || '';
  });
}

function readPayer(t, fields, errors) {
  const kind = fields.kind.value;
  const row = fields.row ? fields.row.value : '';
  if (kind === 'contact') return { kind, row };
  const payer = { kind, row, name: fields.name.value.trim(), email: fields.email.value.trim() };
  if (!payer.name) errors.name = t('payer.wrong_name');
  if (kind === 'company') REQUISITES.forEach((name) => Object.assign(payer, { [name]: fields[name].value.trim() }));
  return payer;
}
