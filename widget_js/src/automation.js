// What runs by itself: the form of a digital-pipeline trigger and the step of a Salesbot. Both end as a call of
// amoCRM's server to ours; what tells accounts apart is the key that our server gives to an administrator.

import { isKey } from './answers.js';
import { html } from './html.js';
import { selectField } from './dialogs/fields.js';
import { explain } from './problems.js';
import { callout } from './views/callout.js';
import { button } from './views/controls.js';

export const TRIGGERS = ['schedule', 'links', 'invoice', 'stop_reminders'];
export const LINKS = ['installment', 'deposit', 'full', 'overdue'];
/** What our server answers a bot as `json.status`, and so the names of the step's exits. */
const EXITS = ['success', 'fail'];
/** amoCRM draws the form after it has called us: looked for this often, this long. */
const LOOK_MS = 100;
const LOOKS = 30;

/** Draws our choice over the plain inputs of the trigger's form. deps: {code, api, t} */
export function showTrigger({ code, api, t }) {
  whenThere(() => triggerForm(code), (form) => {
    const action = form.querySelector('input[name="action"]');
    const key = form.querySelector('input[name="hook_key"]');
    const old = form.querySelector('.js-grafik-trigger');
    if (old) old.remove();
    [action, key].forEach((input) => hideRow(input));
    const place = document.createElement('div');
    place.className = 'grafik grafik-trigger js-grafik-trigger';
    place.innerHTML = String(html`${selectField({ name: 'grafik_action', label: t('dp.what'), value: action.value || TRIGGERS[0], options: TRIGGERS.map((name) => [name, t(`dp.action_${name}`)]) })}<div class="grafik-trigger__key" aria-live="polite"></div>`);
    action.parentNode.parentNode.insertBefore(place, action.parentNode);
    const select = place.querySelector('select');
    select.addEventListener('change', () => put(action, select.value));
    if (!action.value) put(action, select.value);
    fetchKey({ api, t, place: place.querySelector('.grafik-trigger__key'), key });
  });
}

/** Draws a choice in words over the plain input of the step, where the designer has one. */
export function showStep({ body, t }) {
  const input = body.querySelector('input[data-field-name="what"]:not([type="hidden"]), input[name="what"]');
  if (!input) return;
  const row = input.parentNode;
  const place = document.createElement('div');
  place.className = 'grafik grafik-trigger';
  if (!LINKS.includes(input.value)) put(input, LINKS[0]);
  place.innerHTML = String(selectField({ name: 'grafik_what', label: t('salesbot.which'), value: input.value, options: LINKS.map((name) => [name, t(`salesbot.what_${name}`)]) }));
  row.parentNode.insertBefore(place, row);
  row.style.display = 'none';
  const select = place.querySelector('select');
  select.addEventListener('change', () => put(input, select.value));
}

/** The ways on from the step: the client got a link, or there was nothing to ask for. */
export function stepExits(t) {
  return { exits: EXITS.map((code) => ({ code, title: t(`salesbot.exit_${code}`) })) };
}

/** The step asks our server for a link; the server's answer says by which exit the bot goes on. */
export function salesbotSteps(handler, params, address) {
  const what = LINKS.includes(params.what) ? params.what : LINKS[0];
  const data = { lead: '{{lead.id}}', action: 'link', what };
  const [got, nothing] = EXITS.map((value) => ({ handler: 'exits', params: { value } }));
  const conditions = [{ term1: '{{json.status}}', term2: EXITS[0], operation: '=' }];
  return JSON.stringify([
    { question: [{ handler: 'widget_request', params: { url: address, data } }, { handler: 'goto', params: { type: 'question', step: 1 } }], require: [] },
    { question: [{ handler: 'conditions', params: { logic: 'and', conditions, result: [got] } }, nothing], require: [] },
  ]);
}

/** Beside our own mark only: another widget's form may have an `action` too. */
function triggerForm(code) {
  const marks = document.querySelectorAll(`.digital-pipeline__short-task_widget-style_${CSS.escape(code)}`);
  const around = (mark) => [mark.closest('form'), mark, mark.parentNode.parentNode.querySelector('[data-action="send_widget_hook"]')];
  return Array.from(marks).flatMap(around).find((one) => one && one.querySelector('input[name="action"]'));
}

function fetchKey({ api, t, place, key }) {
  if (key.value) return;
  const ask = () => {
    place.innerHTML = String(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t('dp.asking')}</p>`);
    api.get('automation/', isKey).then(
      (answer) => {
        put(key, answer.hook_key);
        place.innerHTML = '';
      },
      (error) => {
        place.innerHTML = String(callout('error', explain(t, error).text, button({ action: 'key_again', kind: 'small', label: t('panel.retry') })));
      },
    );
  };
  place.addEventListener('click', (event) => event.target.closest('[data-action="key_again"]') && ask());
  ask();
}

function put(input, value) {
  input.value = value;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

function hideRow(input) {
  (input.closest('.digital-pipeline__short-task_widget-field, .widget_settings_block__item_field') || input).style.display = 'none';
}

function whenThere(find, act, looks = LOOKS) {
  const found = find();
  if (found) act(found);
  else if (looks) setTimeout(() => whenThere(find, act, looks - 1), LOOK_MS);
}
