// `lib/components/base/modal`: the dialog that widgets open. Options and events by the vendor's description:
// `init($modal_body)` fills it, 'modal:loaded' takes the spinner away, 'modal:centrify' puts it in place;
// cross, Escape and a click on the overlay close it unless `destroy` returns false.

define('lib/components/base/modal', ['jquery'], function ($) {
  'use strict';

  var CROSS = '<button type="button" class="modal-body__close" aria-label="Закрыть"><span class="icon-close"></span></button>';
  var LOADER = '<div class="default-overlay modal-overlay default-overlay-visible"><span class="spinner-icon"></span></div>';
  var opened = [];

  function Modal(options) {
    this.options = $.extend({ class_name: '', container: document.body, init: $.noop, destroy: $.noop }, options);
    this.returned = document.activeElement;
    this.$modal = $('<div class="modal" role="dialog" aria-modal="true"></div>').addClass(this.options.class_name);
    if (this.options.default_overlay) this.$modal.addClass('modal_white');
    if (this.options.init_animation) this.$modal.addClass('modal_animated');
    this.$modal.html('<div class="modal-scroller custom-scroll"><div class="modal-body"><div class="modal-body__inner"></div></div></div>');
    this.$el = this.$modal;
    this.$modal_body = this.$modal.find('.modal-body');
    this.$modal_body.append(LOADER);
    this._bind();
    $(this.options.container).append(this.$modal);
    $('body').addClass('modal-opened');
    opened.push(this);
    this.options.init.call(this, this.$modal_body);
    this._cross();
    if (this.options.focus_element) this.$modal.find(this.options.focus_element).first().focus();
  }

  Modal.prototype._bind = function () {
    var self = this;
    this.$modal_body
      .on('modal:loaded', function () { self.$modal_body.find('.modal-overlay').remove(); self._later(); })
      .on('modal:centrify', function () { self._later(); });
    this.$modal.on('click', '.modal-body__close', function () { self.destroy(); });
    if (!this.options.disable_cancel_click) {
      this.$modal.on('click', '.js-modal-cancel, .button-cancel', function () { self.destroy(); });
    }
    if (!this.options.disable_overlay_click) {
      this.$modal.on('mousedown', function (event) {
        if ($(event.target).is('.modal, .modal-scroller')) self.destroy();
      });
    }
    this._keys = function (event) {
      if (opened[opened.length - 1] !== self) return;
      if (event.which === 27 && !self.options.disable_escape_keydown) self.destroy();
      if (event.which === 13 && !self.options.disable_enter_keydown && !$(event.target).is('textarea, button, a')) {
        self.$modal.find('.js-modal-accept').first().trigger('click');
      }
    };
    $(document).on('keydown', this._keys);
  };

  // A widget replaces the whole content by html(): the cross is put back after it has done so.
  Modal.prototype._later = function () {
    setTimeout(this._cross.bind(this), 0);
  };

  Modal.prototype._cross = function () {
    if (!this.$modal_body.find('.modal-body__close').length) this.$modal_body.append(CROSS);
  };

  Modal.prototype.destroy = function () {
    if (this.destroyed || this.options.destroy.call(this) === false) return;
    this.destroyed = true;
    $(document).off('keydown', this._keys);
    this.$modal.remove();
    opened = opened.filter(function (other) { return other !== this; }, this);
    if (!opened.length) $('body').removeClass('modal-opened');
    if (this.returned && this.returned.focus) this.returned.focus();
  };

  Modal.prototype.showError = function (text, retry) {
    var message = $('<p class="modal-body__error" role="alert"></p>').text(text || 'Произошла ошибка');
    this.$modal_body.find('.modal-body__error').remove();
    this.$modal_body.append(message);
    if (typeof retry === 'function') {
      $('<button type="button" class="button-input">Повторить</button>').on('click', retry).appendTo(message);
    }
  };

  Modal.prototype.showSuccess = function (text, done, wait) {
    var self = this;
    this.$modal_body.html($('<p class="modal-body__success" role="status"></p>').text(text || 'Сохранено'));
    setTimeout(function () {
      self.destroy();
      if (done) done();
    }, wait || 1500);
  };

  return Modal;
});
