// The set-up page for administrators: connection, fields, stages, invoices and reminders, a trial. Each section is
// saved by itself and says at its own place what came of it; a save that is under way is not sent twice.

import { isSetup } from '../answers.js';
import { showFieldErrors } from '../dialogs/fields.js';
import { explain, fieldErrors } from '../problems.js';
import { failedView, loadingView } from '../views/panel.js';
import { CHANNELS, SECTIONS, connectionView, fieldsView, frameView, rulesView, saidView, stagesView, trialView } from './views.js';

const FIRST_STEP = { days: 1, channels: ['email'] };

export class SetupPage {
  /** deps: {root, api, t} */
  constructor(deps) {
    Object.assign(this, deps);
    this.alive = true;
    this.onClick = (event) => this.clicked(event);
    this.onSubmit = (event) => this.submitted(event);
  }

  start() {
    this.root.addEventListener('click', this.onClick);
    this.root.addEventListener('submit', this.onSubmit);
    this.load();
  }

  stop() {
    this.alive = false;
    this.root.removeEventListener('click', this.onClick);
    this.root.removeEventListener('submit', this.onSubmit);
  }

  load() {
    this.root.innerHTML = String(loadingView(this.t));
    this.api.get('setup/', isSetup).then(
      (page) => this.alive && this.show(page),
      (error) => {
        if (this.alive) this.root.innerHTML = String(failedView(this.t, explain(this.t, error).text, error.status !== 403));
      },
    );
  }

  show(page) {
    this.page = page;
    this.root.innerHTML = String(frameView(this.t));
    this.draw('connection', connectionView(this.t, page));
    this.draw('fields', fieldsView(this.t, page));
    this.draw('stages', stagesView(this.t, page));
    this.draw('trial', trialView(this.t));
    this.drawRules(page.rules.reminders);
  }

  drawRules(steps) {
    this.draw('rules', rulesView(this.t, this.page, steps));
  }

  draw(name, markup) {
    this.root.querySelector(`[data-section="${SECTIONS.find((one) => one === name)}"]`).innerHTML = String(markup);
  }

  clicked(event) {
    const place = event.target.closest('[data-action]');
    if (!place) return;
    const { action, id } = place.dataset;
    const form = place.closest('form');
    if (action === 'reload') this.load();
    if (action === 'add_step') this.restep(form, (steps) => [...steps, FIRST_STEP]);
    if (action === 'drop_step') this.restep(form, (steps) => steps.filter((_, index) => String(index) !== id));
  }

  /** The list of reminders drawn anew, with everything that was typed beside it kept. */
  restep(form, change) {
    this.page = { ...this.page, rules: { ...this.page.rules, ...rulesOf(form) } };
    this.drawRules(change(stepsOf(form)));
  }

  submitted(event) {
    event.preventDefault();
    const form = event.target;
    const calls = {
      fields: () => this.save(form, 'PUT', 'setup/fields/', { chosen: Object.fromEntries(new FormData(form)) }),
      stages: () => this.save(form, 'PUT', 'setup/stages/', stagesOf(form)),
      rules: () => this.save(form, 'PUT', 'setup/rules/', { ...rulesOf(form), reminders: stepsOf(form) }),
      trial: () => this.save(form, 'POST', 'setup/try/', { lead_id: Number(form.elements.lead_id.value.replace(/\D/g, '')) || 0 }),
    };
    calls[form.dataset.form]();
  }

  save(form, method, path, body) {
    const submit = form.querySelector('[type="submit"]');
    if (submit.classList.contains('grafik-button_busy')) return;
    submit.classList.add('grafik-button_busy');
    this.say(form, '');
    showFieldErrors(form, {});
    this.api.send(method, path, body).then(
      (answer) => this.saved(form, submit, answer),
      (error) => {
        if (!this.alive) return;
        submit.classList.remove('grafik-button_busy');
        const left = showFieldErrors(form, fieldErrors(error));
        this.say(form, saidView('error', [explain(this.t, error).text, ...left].join(' ')));
      },
    );
  }

  saved(form, submit, answer) {
    if (!this.alive) return;
    submit.classList.remove('grafik-button_busy');
    if (answer.connection) {
      this.page = { ...answer, rules: this.page.rules };
      this.draw('connection', connectionView(this.t, answer));
    }
    this.say(answer.reminders ? this.keptRules(answer) : form, saidView('success', answer.text || this.t('setup.saved')));
  }

  /** The rules as the server keeps them: in order, each day once. → their form, drawn anew. */
  keptRules(rules) {
    this.page = { ...this.page, rules };
    this.drawRules(rules.reminders);
    const form = this.root.querySelector('[data-form="rules"]');
    form.querySelector('[type="submit"]').focus();
    return form;
  }

  say(form, markup) {
    form.querySelector('.grafik-setup__said').innerHTML = String(markup);
  }
}

/** What was typed into a number's field; null when that is nothing or no number: the server says so. */
function numberOf(place) {
  return place.value === '' ? null : Number(place.value);
}

function stepsOf(form) {
  return Array.from(form.querySelectorAll('[data-step]'), (row) => ({
    days: numberOf(row.querySelector('[name="days"]')),
    channels: CHANNELS.filter((name) => row.querySelector(`[value="${name}"]`).checked),
  }));
}

function rulesOf(form) {
  const { issue_at: at, issue_days_before: before, salesbot_id: bot } = form.elements;
  return { issue_at: at.value, issue_days_before: numberOf(before), salesbot_id: Number(bot.value) || null };
}

function stagesOf(form) {
  const chosen = Object.fromEntries(Array.from(new FormData(form), ([name, value]) => [name, Number(value) || null]));
  return { pipeline: Number(form.dataset.pipeline), ...chosen };
}
