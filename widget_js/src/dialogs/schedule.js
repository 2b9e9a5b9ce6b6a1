// «Рассчитать график платежей» / «Изменить график»: form at the left, the computed rows at the right.
// Saving sends the version of the card that the dialog knows; where someone was faster, the dialog stays
// with all that was typed, takes the new card at a click and shows what the same terms make of it.

import { html } from '../html.js';
import { formatMoney, parseMoney, subtract } from '../money.js';
import { previewSummary } from '../views/preview.js';
import { openDialog } from './frame.js';
import { checkField, dateField, inputField, readField, selectField, textField } from './fields.js';
import { makeMarks } from './marks.js';
import { makePreview } from './preview_loop.js';
import { INTERVALS, scheduleBody, startValues } from './schedule_form.js';
import { showStale } from './stale.js';
import { offerTemplates } from './templates.js';

/** context: {Modal, t, api, today, card}; onDone(card), onCard(card) with a newer one, onClosed(). */
export function openSchedule(context, { onDone, onCard, onClosed }) {
  const { t, api, today } = context;
  const marks = makeMarks();
  let { card } = context;
  const path = `deals/${card.lead_id}/schedule/`;
  let preview = null;

  return openDialog(context, {
    title: titleOf(t, card),
    wide: true,
    content: contentView(t, card, startValues(card, today)),
    submitLabel: t('dialog.save'),
    collect: (form) => collect(t, form, card, marks),
    send: (body, key) => api.send('PUT', path, body, key),
    onDone,
    onStale(dialog) {
      showStale(context, dialog, (fresh) => {
        card = fresh;
        onCard(fresh);
        showCard(t, dialog.form, card);
        preview.now();
      });
    },
    onReady(dialog) {
      const { form } = dialog;
      preview = makePreview({
        t,
        api,
        path: `${path}preview/`,
        form,
        read: () => scheduleBody(readValues(form)),
        onErrors: (errors) => marks.judge(form, errors),
        onPreview: (answer) => {
          showDebt(form, card, answer);
          form.querySelector('[data-output="summary"]').textContent = answer ? previewSummary(t, answer) : '';
          dialog.recentre();
        },
      });
      form.addEventListener('input', (event) => {
        marks.forgive(form, event.target.name);
        if (event.target.name === 'reason') return;
        toggleMode(form);
        showDebt(form, card, null);
        preview.changed();
      });
      toggleMode(form);
      showCard(t, form, card);
      preview.now();
      offerTemplates({
        t,
        api,
        lead: card.lead_id,
        dialog,
        onChosen() {
          toggleMode(form);
          showDebt(form, card, null);
          preview.now();
        },
        onProblem: (words) => dialog.showProblem(words),
      });
    },
    onClosed() {
      preview.stop();
      onClosed();
    },
  });
}

function titleOf(t, card) {
  return isRebuild(card) ? t('schedule.title_rebuild') : t('schedule.title');
}

function isRebuild(card) {
  return card.version !== null;
}

function contentView(t, card, values) {
  return html`<div class="grafik-schedule"><div class="grafik-schedule__form">
    <div class="grafik-offers" data-templates aria-live="polite"></div>
    ${inputField({ name: 'total', label: t('schedule.total'), value: values.total, mode: 'decimal', suffix: '₽', first: true })}
    <div class="grafik-pair grafik-pair_tight">${readField({ name: 'paid', label: t('schedule.received'), value: formatMoney(card.paid) })}${readField({ name: 'debt', label: t('schedule.debt'), value: formatMoney(card.debt) })}</div>
    <div class="grafik-tabs" role="radiogroup" aria-label="${t('schedule.by')}">
      <label class="grafik-tab"><input type="radio" name="by" value="count" checked><span>${t('schedule.by_count')}</span></label>
      <label class="grafik-tab"><input type="radio" name="by" value="monthly_amount"><span>${t('schedule.by_amount')}</span></label></div>
    <div class="grafik-pair">
      ${inputField({ name: 'count', label: t('schedule.count'), value: values.count, type: 'number', min: '1', max: '240' })}
      ${inputField({ name: 'monthly_amount', label: t('schedule.monthly'), value: values.monthly_amount, mode: 'decimal', suffix: '₽' })}
      ${dateField({ t, name: 'first_due_on', label: t('schedule.first'), value: values.first_due_on })}</div>
    <div class="grafik-pair">
      ${inputField({ name: 'due_day', label: t('schedule.due_day'), value: values.due_day, type: 'number', min: '1', max: '31', hint: t('schedule.due_day_hint') })}
      ${inputField({ name: 'down_payment', label: t('schedule.down'), value: values.down_payment, mode: 'decimal', suffix: '₽', hint: t('schedule.down_hint') })}
      ${dateField({ t, name: 'down_payment_on', label: t('schedule.down_on'), value: values.down_payment_on })}</div>
    <details class="grafik-more"><summary>${t('schedule.more')}</summary><div class="grafik-more__body">
    ${selectField({ name: 'every', label: t('schedule.every'), value: values.every, options: INTERVALS.map((one) => [one, t(`schedule.every_${one.replace(':', '_')}`)]) })}<div class="grafik-pair">
      ${selectField({ name: 'round_to', label: t('schedule.round'), value: values.round_to, options: [['0.01', t('schedule.round_none')], ['1', t('schedule.round_1')], ['100', t('schedule.round_100')]] })}
      ${selectField({ name: 'remainder', label: t('schedule.remainder'), value: values.remainder, options: [['last', t('schedule.remainder_last')], ['first', t('schedule.remainder_first')]] })}</div>
    ${checkField({ name: 'shift_weekends', label: t('schedule.shift'), checked: values.shift_weekends })}</div></details>
    ${textField({ name: 'reason', label: t('schedule.reason'), hint: t('schedule.reason_hint') })}
    </div><div class="grafik-schedule__preview"><h3 class="grafik-section__title">${t('schedule.preview')}</h3><div class="grafik-hidden" role="status" data-output="summary"></div><div class="grafik-preview" tabindex="0" role="region" aria-label="${t('schedule.preview')}"></div></div></div>`;
}

function readValues(form) {
  const values = {};
  ['total', 'count', 'monthly_amount', 'first_due_on', 'due_day', 'down_payment', 'down_payment_on', 'round_to', 'remainder', 'by', 'every'].forEach((name) => {
    values[name] = form.elements[name].value;
  });
  values.shift_weekends = form.elements.shift_weekends.checked;
  return values;
}

function collect(t, form, card, marks) {
  const { body, errors } = scheduleBody(readValues(form));
  const texts = {};
  errors.forEach((name) => {
    texts[name] = t(`schedule.wrong.${name}`);
  });
  const rebuild = isRebuild(card);
  const reason = rebuild ? form.elements.reason.value.trim() : '';
  if (rebuild && !reason) texts.reason = t('schedule.wrong.reason');
  marks.miss(form, texts);
  if (Object.keys(texts).length) return null;
  return { ...body, version: card.version, ...(rebuild ? { reason } : {}) };
}

/** The first schedule needs no reason; the figures are the card's until the server answers. */
function showCard(t, form, card) {
  form.querySelector('.grafik-dialog__title').textContent = titleOf(t, card);
  form.querySelector('[data-field="reason"]').hidden = !isRebuild(card);
  showDebt(form, card, null);
}

/** Only the fields that count are shown: number of payments and its rounding or monthly sum, day of the down payment. */
function toggleMode(form) {
  const by = form.elements.by.value;
  ['count', 'monthly_amount'].forEach((name) => {
    form.querySelector(`[data-field="${name}"]`).hidden = name !== by;
  });
  form.querySelector('[data-field="round_to"]').hidden = by !== 'count';
  form.querySelector('[data-field="due_day"]').hidden = form.elements.every.value.startsWith('days');
  form.querySelector('[data-field="down_payment_on"]').hidden = !form.elements.down_payment.value.trim();
}

/** The server's figures when there is an answer, the plain difference while it is on its way. */
function showDebt(form, card, answer) {
  const total = parseMoney(form.elements.total.value);
  const paid = answer ? answer.paid : card.paid;
  const debt = answer ? answer.debt : total && subtract(total, paid);
  form.querySelector('[data-output="paid"]').textContent = formatMoney(paid);
  form.querySelector('[data-output="debt"]').textContent = debt && !debt.startsWith('-') ? formatMoney(debt) : '—';
}
