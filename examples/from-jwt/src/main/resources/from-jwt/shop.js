// What both shops show. They differ in how the server knows the user: see before.js and after.js.

const byId = id => document.getElementById(id);

/**
 * Runs a shop.
 *
 * @param application user() returns {name, isAdmin} or null; call(path, options) returns a response;
 *   login(form) returns one too; logout() ends the login
 */
export async function run(application) {
  const refresh = async () => show(await application.user());

  byId("login").addEventListener("submit", event => {
    event.preventDefault();
    const form = new URLSearchParams(new FormData(event.target));
    act("Log in", () => application.login(form), refresh);
  });
  for (const button of document.querySelectorAll("[data-path]")) {
    button.addEventListener("click", () =>
      act(button.textContent, () => application.call(button.dataset.path), refresh));
  }
  byId("logout").addEventListener("click", () =>
    act("Log out", () => application.logout(), refresh));
  // Another tab may have changed the local storage.
  window.addEventListener("storage", refresh);
  await refresh();
}

async function act(name, send, refresh) {
  const response = await send();
  report(`${name}: ${response ? await result(response) : "done"}`);
  await refresh();
}

async function result(response) {
  switch (response.status) {
    case 200: return count((await response.json()).orders);
    case 204: return "done";
    case 401: return "refused, no login (401)";
    case 403: return "refused, not an admin (403)";
    default: return `failed (${response.status})`;
  }
}

function count(orders) {
  return orders ? `${orders.length} orders` : "done";
}

function report(text) {
  const line = document.createElement("li");
  line.textContent = text;
  byId("log").prepend(line);
}

function show(user) {
  byId("login").hidden = user !== null;
  byId("account").hidden = user === null;
  if (user !== null) {
    byId("you").textContent = `You are ${user.name}` + (user.isAdmin ? ", an admin" : "");
    byId("all").hidden = !user.isAdmin;
  }
  byId("readable").textContent = Object.values(localStorage).join(" ") || document.cookie || "nothing";
  document.body.dataset.user = user?.name ?? "";
}
