// The page with both shops. The one before has another host name, and so a local storage of its own:
// otherwise the shop after would take its token.
const byId = id => document.getElementById(id);
const role = byId("role");

async function operator(action, options) {
  const response = await fetch(`/operator/${action}`, options);
  if (!response.ok) {
    byId("state").textContent = `failed (${response.status})`;
    return;
  }
  const { isAdmin, signedOutAt } = await response.json();
  role.textContent = isAdmin ? "Take alice's admin role" : "Give alice the admin role";
  role.dataset.action = isAdmin ? "take-role" : "give-role";
  const time = new Date(signedOutAt);
  byId("state").textContent =
    (isAdmin ? "alice is an admin" : "alice is no admin") +
    (time.getTime() === 0 ? "." : `; signed out everywhere at ${time.toLocaleTimeString()}.`);
}

role.addEventListener("click", () => operator(role.dataset.action, { method: "POST" }));
byId("sign-out").addEventListener("click", () => operator("sign-out", { method: "POST" }));

const other = location.hostname === "localhost" ? "127.0.0.1" : "localhost";
byId("before").src = `http://${other}:${location.port}/before/`;
operator("");
