// The smallest AMD loader that a widget needs: define, require, './x' beside the script that asks.
// Named modules register themselves; an anonymous one takes the name of the file it was loaded from.

(function (root) {
  'use strict';

  var modules = {};
  var loading = {};
  var anonymous = null;

  function define(name, deps, factory) {
    if (typeof name !== 'string') {
      factory = deps;
      deps = name;
      name = null;
    }
    if (!Array.isArray(deps)) {
      factory = deps;
      deps = [];
    }
    var made = { deps: deps, factory: factory };
    if (name) modules[name] = made;
    else anonymous = made;
  }
  define.amd = { jQuery: true };

  function load(name, address) {
    if (loading[name]) return loading[name];
    loading[name] = new Promise(function (resolve, reject) {
      var script = document.createElement('script');
      script.src = address;
      script.onload = function () {
        if (!modules[name]) modules[name] = anonymous || { deps: [], factory: undefined };
        anonymous = null;
        resolve();
      };
      script.onerror = function () {
        delete loading[name];
        reject(new Error('cannot load ' + address));
      };
      document.head.appendChild(script);
    });
    return loading[name];
  }

  function resolved(name, from) {
    if (name.charAt(0) !== '.') return name;
    return new URL(/\.js$/.test(name) ? name : name + '.js', from).href;
  }

  function get(name, from) {
    var full = resolved(name, from);
    var known = modules[full];
    if (!known) {
      var address = require.paths[full] || (/^https?:/.test(full) ? full : null);
      if (!address) return Promise.reject(new Error('no module ' + full));
      return load(full, address).then(function () {
        return get(full, full);
      });
    }
    if (!known.value) {
      var home = /^https?:/.test(full) ? full : from;
      known.value = all(known.deps, home).then(function (parts) {
        return typeof known.factory === 'function' ? known.factory.apply(null, parts) : known.factory;
      });
    }
    return known.value;
  }

  function all(names, from) {
    return Promise.all(names.map(function (name) {
      return get(name, from);
    }));
  }

  function require(names, done, failed) {
    var result = all(names, root.location.href);
    if (done) result.then(function (parts) { done.apply(null, parts); }, failed);
    return result;
  }
  require.paths = {};

  root.define = define;
  root.require = root.requirejs = require;
})(window);
