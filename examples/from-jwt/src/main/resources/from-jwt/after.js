// The shop after the move. While the bridge is on, a token from before is sent once, and deleted.
import { run } from "./shop.js";

/** Sends a request. Once the bridge is removed, this is fetch alone. */
async function call(path, options = {}) {
  const url = `/after/api/${path}`;
  if (!localStorage.getItem("token")) {
    return fetch(url, options);
  }
  // One tab and one request at a time, so that the others find the cookie.
  return navigator.locks.request("token", async () => {
    const token = localStorage.getItem("token");
    if (!token) {
      return fetch(url, options);
    }
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    const response = await fetch(url, { ...options, headers });
    const exchange = response.headers.get("Coatcheck-Exchange");
    if (exchange) {
      localStorage.removeItem("token");
    }
    return exchange === "spent" ? fetch(url, options) : response;
  });
}

/** The old application may have issued one meanwhile. */
function forgetToken(response) {
  if (response.ok) {
    localStorage.removeItem("token");
  }
  return response;
}

run({
  async user() {
    const response = await call("me");
    return response.ok ? response.json() : null;
  },
  call,
  login(form) {
    return call("login", { method: "POST", body: form }).then(forgetToken);
  },
  logout() {
    return call("logout", { method: "POST" }).then(forgetToken);
  },
});
