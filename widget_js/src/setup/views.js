// The set-up page's parts as pure functions of what the server said; the DOM is in page.js.

import { html } from '../html.js';
import { inputField, selectField } from '../dialogs/fields.js';
import { callout } from '../views/callout.js';
import { button, icon, link, pill } from '../views/controls.js';

const TONES = { connected: 'success', needs_reconnect: 'error', uninstalled: 'error' };
const STAGES = ['deposit_status', 'paid_status', 'completed_status', 'overdue_status'];
export const CHANNELS = ['email', 'salesbot'];
export const SECTIONS = ['connection', 'fields', 'stages', 'rules', 'trial'];

export function frameView(t) {
  return html`<div class="grafik-page"><header class="grafik-page__head"><h2 class="grafik-page__title">${t('setup.title')}</h2></header>
    <div class="grafik-setup">${SECTIONS.map((name) => html`<section class="grafik-setup__section" data-section="${name}" aria-live="polite"></section>`)}</div></div>`;
}

export function connectionView(t, page) {
  const { state, connect_url: address } = page.connection;
  return html`${title(t, 'connection')}<p class="grafik-setup__state">${pill(TONES[state] || 'neutral', t.known(`setup.state_${state}`) || state)} ${address && link(address, t('setup.connect'))}</p>
    <ul class="grafik-findings">${page.findings.map(findingView)}</ul>
    <div class="grafik-setup__foot">${button({ action: 'reload', kind: 'small', label: t('way_out.check_again') })} ${link(page.panel_url, t('setup.panel'))}</div>`;
}

/** A tick says that it works; a remark stops nothing, but something is missing or still on its way. */
export function findingView({ works, remark, text }) {
  const tone = remark ? 'warning' : works ? 'success' : 'error';
  return html`<li class="grafik-finding grafik-tone_${tone}">${icon(works && !remark ? 'check' : 'warning')}<span class="grafik-finding__words">${text}</span></li>`;
}

export function fieldsView(t, page) {
  const options = (one) => [['', t('setup.unused')], ...one.choices.map((choice) => [String(choice.id), choice.name]), ...(one.can_make ? [['make', t('setup.make', { name: one.name })]] : [])];
  return html`${title(t, 'fields')}<form novalidate data-form="fields"><div class="grafik-setup__grid">${page.fields.map((one) => selectField({ name: one.ours, label: one.name, options: options(one), value: one.field_id ? String(one.field_id) : '' }))}</div>${foot(t)}</form>`;
}

/** One form a pipeline; `open` is the pipeline that is unfolded. */
export function stagesView(t, page) {
  return html`${title(t, 'stages')}${page.pipelines.map((one, index) => html`<details class="grafik-more"${index === 0 && html` open`}><summary>${one.name}</summary>
    <form novalidate data-form="stages" data-pipeline="${one.id}"><div class="grafik-setup__grid">${STAGES.map((name) => stageField(t, one, name))}</div>${foot(t)}</form></details>`)}`;
}

function stageField(t, pipeline, name) {
  const options = [['', t('setup.unused')], ...pipeline.stages.map((stage) => [String(stage.id), stage.name])];
  return selectField({ name, label: t(`setup.${name}`), options, value: pipeline[name] ? String(pipeline[name]) : '', id: `${name}-${pipeline.id}` });
}

export function rulesView(t, page, steps) {
  const { rules, bots } = page;
  const bot = rules.salesbot_id ? String(rules.salesbot_id) : '';
  const known = bots.map((one) => [String(one.id), one.name]);
  const options = [['', t('setup.unused')], ...known, ...(bot && !known.some(([id]) => id === bot) ? [[bot, `#${bot}`]] : [])];
  return html`${title(t, 'rules')}<form novalidate data-form="rules"><div class="grafik-setup__grid">
    ${inputField({ name: 'issue_at', label: t('setup.issue_at'), value: rules.issue_at, type: 'time' })}
    ${inputField({ name: 'issue_days_before', label: t('setup.issue_days_before'), value: String(rules.issue_days_before), type: 'number', min: '0', max: '60' })}
    ${selectField({ name: 'salesbot_id', label: t('setup.salesbot'), options, value: bot })}</div>
    <h4 class="grafik-setup__subtitle">${t('setup.reminders')}</h4><p class="grafik-hint">${t('setup.reminders_hint')}</p>
    <ul class="grafik-steps">${steps.map((step, index) => stepView(t, step, index))}</ul>
    <p>${button({ action: 'add_step', kind: 'small', label: t('setup.add_step') })}</p>${foot(t)}</form>`;
}

function stepView(t, step, index) {
  const day = t('setup.step_days', { n: index + 1 });
  return html`<li class="grafik-step" data-step="${index}"><input class="grafik-input__box grafik-step__days" type="number" min="-60" max="365" name="days" value="${step.days}" aria-label="${day}">
    ${CHANNELS.map((name) => html`<label class="grafik-check"><input type="checkbox" name="channel" value="${name}"${step.channels.includes(name) && html` checked`}><span>${t(`setup.channel_${name}`)}</span></label>`)}
    ${button({ action: 'drop_step', id: String(index), kind: 'link', label: t('setup.drop_step'), name: `${t('setup.drop_step')}: ${day}` })}</li>`;
}

export function trialView(t) {
  return html`${title(t, 'trial')}<p class="grafik-hint">${t('setup.trial_hint')}</p><form novalidate data-form="trial">${inputField({ name: 'lead_id', label: t('move.deal'), mode: 'numeric' })}${foot(t, t('setup.try'))}</form>`;
}

export function saidView(tone, text) {
  return callout(tone, text);
}

function title(t, name) {
  return html`<h3 class="grafik-region__title">${t(`setup.${name}`)}</h3>`;
}

function foot(t, label = t('dialog.save')) {
  return html`<div class="grafik-setup__said" role="status"></div><div class="grafik-setup__foot"><button type="submit" class="grafik-button grafik-button_primary"><span class="grafik-button__label">${label}</span></button></div>`;
}
