// Ready schedules of the account that fit the deal, one click each: the click asks the server what the template
// gives for the sum that is typed now, fills the form with it, and the preview follows.

import { hasResults } from '../answers.js';
import { html } from '../html.js';
import { formatDay } from '../dates.js';
import { formatNumber, parseMoney } from '../money.js';
import { button } from '../views/controls.js';

const SUMS = ['total', 'monthly_amount', 'down_payment'];
const DAYS = ['first_due_on', 'down_payment_on'];

/** Does this account keep any? Its place is held from the first moment while we think so, and nothing jumps. */
let expected = true;

/** Shows what fits `lead` and calls `onChosen()` after the form was filled; without an answer nothing is offered. */
export function offerTemplates({ t, api, lead, dialog, onChosen, onProblem }) {
  const place = dialog.form.querySelector('[data-templates]');
  const ask = (total) => api.get(`deals/${lead}/schedule/templates/${total ? `?total=${total}` : ''}`, hasResults).then((answer) => answer.results);
  place.addEventListener('click', (event) => {
    const chosen = event.target.closest('[data-action="template"]');
    if (!chosen || place.querySelector('[aria-busy="true"]')) return;
    setBusy(chosen, true);
    const done = (act) => {
      if (!dialog.isOpen()) return;
      setBusy(chosen, false);
      act();
    };
    ask(parseMoney(dialog.form.elements.total.value)).then(
      (results) =>
        done(() => {
          const found = results.find((one) => String(one.id) === chosen.dataset.id);
          if (!found) {
            onProblem(t('schedule.template_gone'));
            return;
          }
          fill(t, dialog.form, valuesOfBody(found.body));
          onChosen();
        }),
      () => done(() => onProblem(t('schedule.template_gone'))),
    );
  });
  const show = (markup) => {
    if (!dialog.isOpen()) return;
    place.innerHTML = String(markup);
    dialog.recentre();
  };
  if (expected) show(waitingView(t));
  ask('').then(
    (results) => {
      expected = results.length > 0;
      show(expected ? templatesView(t, results) : '');
    },
    () => show(''),
  );
}

function setBusy(chip, busy) {
  chip.classList.toggle('grafik-button_busy', busy);
  chip.setAttribute('aria-busy', String(busy));
}

function waitingView(t) {
  return html`<span class="grafik-field__label">${t('schedule.templates')}</span><div class="grafik-chips grafik-chips_waiting"><span class="grafik-ring" aria-hidden="true"></span></div>`;
}

export function templatesView(t, found) {
  return html`<span class="grafik-field__label">${t('schedule.templates')}</span><div class="grafik-chips">${found.map((one) => button({ action: 'template', id: one.id, kind: 'small', label: one.name }))}</div>`;
}

/** The server's body → raw values of the form's fields. */
export function valuesOfBody(body) {
  const values = { by: body.monthly_amount ? 'monthly_amount' : 'count', count: body.count ? String(body.count) : '', due_day: body.due_day ? String(body.due_day) : '' };
  SUMS.forEach((name) => {
    values[name] = body[name] ? formatNumber(body[name]) : '';
  });
  DAYS.forEach((name) => {
    values[name] = body[name] ? formatDay(body[name]) : '';
  });
  const [unit, number] = Object.entries(body.every)[0];
  return { ...values, every: `${unit}:${number}`, round_to: body.round_to, remainder: body.remainder, shift_weekends: body.shift_weekends };
}

/** A choice that the form does not have yet gets its line. */
function fill(t, form, values) {
  Object.entries(values).forEach(([name, value]) => {
    const box = form.elements[name];
    if (name === 'shift_weekends') box.checked = value;
    else box.value = value;
    if (name === 'every' && box.value !== value) {
      const [unit, n] = value.split(':');
      box.add(new Option(t(`schedule.every_${unit}`, { n }), value, true, true));
    }
  });
}
