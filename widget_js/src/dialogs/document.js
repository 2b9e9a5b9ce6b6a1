// Make a document of the deal as it stands: choose one, make it, open it, send it. Opening asks for a fresh
// ticket each time, because the address of a document works once and for a minute.

import { hasResults, hasUrl, isDocument } from '../answers.js';
import { channelsOf } from '../card.js';
import { html } from '../html.js';
import { openInTab } from '../new_tab.js';
import { explain } from '../problems.js';
import { callout } from '../views/callout.js';
import { button } from '../views/controls.js';
import { actFields, readAct } from './act.js';
import { openDecision } from './decisions.js';
import { inputField, showFieldErrors } from './fields.js';
import { openDialog } from './frame.js';

/** Opens document `id` in a new tab; `onProblem(text)` when that cannot be. */
export function openDocument({ api, t }, id, onProblem) {
  const ask = () => api.get(`documents/${id}/`, hasUrl).then((found) => found.url);
  return openInTab(ask, t('documents.opening')).then(
    (opened) => opened || onProblem(t('documents.blocked')),
    (error) => onProblem(explain(t, error).text),
  );
}

/** context: {Modal, t, api, card}; the dialog stays and shows what was made; onDone() reloads the card. */
export function openNewDocument(context, { onDone, onClosed }) {
  const { t, api, card, today } = context;
  return openDialog(context, {
    title: t('documents.new'),
    content: html`<div class="grafik-templates" role="radiogroup" aria-label="${t('documents.which')}" aria-live="polite"></div><div class="grafik-of-template"></div>`,
    submitLabel: t('documents.make'),
    collect: (form) => collect(t, form, today),
    send: (body, key) => api.send('POST', `deals/${card.lead_id}/documents/`, body, key, isDocument),
    doneView: (made) => madeView(t, made),
    onDone,
    onReady(dialog) {
      loadTemplates(context, dialog);
      dialog.form.addEventListener('change', () => showOwnFields(context, dialog));
      dialog.form.addEventListener('click', (event) => {
        const place = event.target.closest('[data-action]');
        if (!place) return;
        if (place.dataset.action === 'templates_again') loadTemplates(context, dialog);
        if (place.dataset.action === 'open_document') openDocument(context, place.dataset.id, (text) => dialog.showProblem(text));
      });
    },
    onClosed,
  });
}

/** By mail to the payer, with the PDF; context.subject is the document. */
export function openDocumentSend(context, handlers) {
  const { t, api, card, subject: paper } = context;
  const mail = channelsOf(card).find((one) => one.channel === 'email');
  return openDecision(context, handlers, {
    name: 'document_send',
    reasonless: true,
    before: html`<p class="grafik-dialog__lead">${paper.name}</p>${inputField({ name: 'to', label: t('receipt_send.to'), value: mail ? mail.to : '', type: 'email', first: true })}`,
    effects: () => [t('document_send.effect_mail'), t('document_send.effect_page')],
    read(form, errors) {
      const to = form.elements.to.value.trim();
      if (!to) errors.to = t('receipt_send.wrong');
      return { to };
    },
    send: (body, key) => api.send('POST', `documents/${paper.id}/send/`, body, key),
  });
}

const chosenOf = (form) => form.querySelector('[name="template"]:checked');

function collect(t, form, today) {
  const chosen = chosenOf(form);
  if (!chosen) return null;
  const errors = {};
  const own = form.elements.on ? readAct(t, form, today, errors) : {};
  showFieldErrors(form, errors);
  return Object.keys(errors).length ? null : { template: chosen.value, ...own };
}

/** What may be said of the chosen document besides: only an act has a day and a sum of its own. */
function showOwnFields({ t, today }, dialog) {
  const place = dialog.form.querySelector('.grafik-of-template');
  const chosen = chosenOf(dialog.form);
  const wanted = chosen ? chosen.dataset.fields : '';
  if (place.dataset.shown === wanted) return;
  place.dataset.shown = wanted;
  place.innerHTML = String(wanted ? actFields(t, today) : '');
  dialog.recentre();
}

function loadTemplates({ api, t }, dialog) {
  const place = dialog.form.querySelector('.grafik-templates');
  const show = (markup) => {
    if (!dialog.isOpen()) return;
    place.innerHTML = String(markup);
    dialog.recentre();
    const first = place.querySelector('input, button');
    if (first) first.focus();
  };
  show(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t('documents.loading')}</p>`);
  api.get('templates/', hasResults).then(
    (answer) => show(templatesView(answer.results)),
    (error) => show(callout('error', explain(t, error).text, button({ action: 'templates_again', kind: 'small', label: t('panel.retry') }))),
  );
}

/** The first one is chosen. */
export function templatesView(templates) {
  return html`${templates.map(
    ({ key, name, format, fields = [] }, index) => html`<label class="grafik-check"><input type="radio" name="template" value="${key}" data-fields="${fields.join(' ')}"${index === 0 && html` checked`}><span>${name} <small class="grafik-hint">${format.toUpperCase()}</small></span></label>`,
  )}`;
}

function madeView(t, made) {
  return html`<div class="grafik-made"><span>${t('documents.made')}</span><b>${made.name}</b>
    ${button({ action: 'open_document', id: made.id, kind: 'primary', label: t('documents.open'), name: `${t('documents.open')}: ${made.name}` })}</div>`;
}
