// Who pays for the deal: the contact, another person, or a company with its requisites. Requisites are shown only
// for a company, and the server alone checks them.

import { html } from '../html.js';
import { openDecision } from './decisions.js';
import { inputField, selectField } from './fields.js';

const KINDS = ['contact', 'company', 'third_party'];
const REQUISITES = ['inn', 'kpp', 'address'];

/** context: {Modal, t, api, card} */
export function openPayer(context, handlers) {
  const { t, api, card } = context;
  const path = `deals/${card.lead_id}/payer/`;
  const now = card.payer && card.payer.kind !== 'person' ? card.payer : null;
  const value = (name) => (now && now[name]) || '';
  return openDecision(context, handlers, {
    name: 'payer',
    reasonless: true,
    before: html`${selectField({ name: 'kind', label: t('payer.kind'), value: now ? now.kind : 'contact', options: KINDS.map((name) => [name, t(`payer.kind_${name}`)]) })}
      <div class="grafik-fields" data-payer="named">${inputField({ name: 'name', label: t('payer.name'), value: value('name') })}
      <div class="grafik-pair" data-payer="company">${inputField({ name: 'inn', label: t('payer.inn'), value: value('inn'), mode: 'numeric' })}${inputField({ name: 'kpp', label: t('payer.kpp'), value: value('kpp'), mode: 'numeric' })}</div>
      <div data-payer="company">${inputField({ name: 'address', label: t('payer.address'), value: value('address') })}</div>
      ${inputField({ name: 'email', label: t('payer.email'), value: value('email'), type: 'email' })}</div>`,
    effects(form) {
      const kind = form.elements.kind.value;
      form.querySelector('[data-payer="named"]').hidden = kind === 'contact';
      form.querySelectorAll('[data-payer="company"]').forEach((place) => {
        place.hidden = kind !== 'company';
      });
      return [t(`payer.effect_${kind}`)];
    },
    read: (form, errors) => readPayer(t, form.elements, errors),
    send: ({ kind, ...payer }, key) => (kind === 'contact' ? api.send('DELETE', path, {}, key) : api.send('PUT', path, { kind, ...payer }, key)),
  });
}

function readPayer(t, fields, errors) {
  const kind = fields.kind.value;
  if (kind === 'contact') return { kind };
  const payer = { kind, name: fields.name.value.trim(), email: fields.email.value.trim() };
  if (!payer.name) errors.name = t('payer.wrong_name');
  if (kind === 'company') REQUISITES.forEach((name) => Object.assign(payer, { [name]: fields[name].value.trim() }));
  return payer;
}
