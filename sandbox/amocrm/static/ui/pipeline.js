// The digital pipeline: the stages with what widgets do there, and the form of a widget's trigger. The form is the
// documented one: the block with the widget's code in its class, beside it `[data-action=send_widget_hook]` with a
// plain input for each of `dp.settings`; dpSettings() is called when the window opens, a moment before the form is there.

import { enter, leave } from '../host/widget.js';
import { sideMenu, word } from './market.js';
import { get, send } from './net.js';
import { h } from './words.js';

const DRAWN_AFTER_MS = 120;

export async function pipelinePage(context) {
  const { state, holder } = context;
  window.APP.data.current_area = 'digital-pipeline';
  const place = h('div', { class: 'stages' });
  const draw = async () => {
    const { triggers } = await get('/_ui/automation');
    place.replaceChildren(...state.pipelines.flatMap((pipeline) => pipeline.statuses.map((stage) => column(context, pipeline, stage, triggers, draw))));
  };
  holder.replaceChildren(h('div', { class: 'settings-page' }, sideMenu(state, 'pipeline'),
    h('div', { class: 'settings-page__body custom-scroll' }, h('h1', { class: 'list__title' }, 'Цифровая воронка'), place)));
  await draw();
  return { close: () => document.querySelectorAll('.modal').forEach((open) => open.remove()) };
}

function column({ state }, pipeline, stage, triggers, draw) {
  const here = triggers.filter((one) => one.status_id === stage.id && one.pipeline_id === pipeline.id);
  const offered = state.widgets.filter((info) => info.installed && info.manifest.locations.includes('digital_pipeline'));
  const add = (info) => h('button', { class: 'button-input button-input_small', type: 'button', onclick: () => openForm(state, info, pipeline, stage, draw) }, `+ ${word(info, info.manifest.dp.title || info.manifest.widget.name)}`);
  return h('section', { class: 'stages__one', 'aria-label': stage.name }, h('b', {}, stage.name), here.map((one) => shown(state, one, draw)), offered.map(add));
}

function shown(state, trigger, draw) {
  const info = state.widgets.find((one) => one.code === trigger.code);
  const drop = h('button', { class: 'button-cancel', type: 'button', onclick: () => send('POST', `/_ui/triggers/${trigger.id}/delete`, {}).then(draw) }, 'Удалить');
  return h('div', { class: 'stages__trigger', 'data-trigger': trigger.id }, h('span', {}, info ? word(info, info.manifest.widget.name) : trigger.code),
    h('code', {}, Object.values(trigger.settings).join(' · ')), drop);
}

async function openForm(state, info, pipeline, stage, draw) {
  const [Modal] = await window.require(['lib/components/base/modal']);
  const block = h('div', { class: 'digital-pipeline__short-task' },
    h('div', {}, h('div', { class: `digital-pipeline__short-task_widget-style_${info.code}` }, h('img', { src: info.images.logo_dp, width: 87, alt: word(info, info.manifest.widget.name) }))));
  const modal = new Modal({
    class_name: 'digital-pipeline-modal',
    disable_enter_keydown: true,
    init: ($body) => $body.trigger('modal:loaded').html('').append(block).trigger('modal:centrify'),
    destroy: () => leave(),
  });
  const [widget] = await enter(state, 'digital_pipeline', { only: info.code });
  if (widget && widget.callbacks.dpSettings) widget.callbacks.dpSettings();
  setTimeout(() => block.append(form(info, pipeline, stage, () => modal.destroy(), draw)), DRAWN_AFTER_MS);
}

function form(info, pipeline, stage, close, draw) {
  const row = ([code, setting]) => h('div', { class: 'digital-pipeline__short-task_widget-field' },
    h('label', { title: word(info, setting.name) }, word(info, setting.name)), h('input', { class: 'control', type: 'text', name: code, autocomplete: 'off' }));
  const error = h('p', { class: 'card-fields__error', role: 'alert' });
  const made = h('form', { 'data-action': 'send_widget_hook' }, Object.entries(info.manifest.dp.settings).map(row), error,
    h('div', { class: 'modal-body__actions' }, h('button', { class: 'button-input button-input_blue', type: 'submit' }, 'Готово'), h('button', { class: 'button-cancel', type: 'button' }, 'Отменить')));
  made.onsubmit = async (event) => {
    event.preventDefault();
    const settings = Object.fromEntries([...made.querySelectorAll('input.control')].map((input) => [input.name, input.value]));
    try {
      await send('POST', '/_ui/triggers', { code: info.code, pipeline_id: pipeline.id, status_id: stage.id, settings });
      close();
      await draw();
    } catch (problem) {
      error.textContent = problem.message;
    }
  };
  return made;
}
