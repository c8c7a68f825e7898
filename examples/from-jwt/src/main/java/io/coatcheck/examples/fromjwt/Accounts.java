package io.coatcheck.examples.fromjwt;

import io.coatcheck.examples.quickstart.Users;
import io.coatcheck.session.password.PasswordHasherBusyException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The server's data about its users. A real site keeps it in its database, for all nodes. */
class Accounts {

  private final Users users = new Users();
  private final Set<String> admins = ConcurrentHashMap.newKeySet();
  private final Map<String, Instant> signedOutAt = new ConcurrentHashMap<>();

  Accounts() {
    admins.add("alice");
  }

  /**
   * Returns the user who sent a login form. Without one, the request has been answered: with 401 if
   * the password is wrong, with 503 if too many passwords are being checked.
   */
  Optional<String> authenticate(HttpServletRequest request, HttpServletResponse response) {
    String name = request.getParameter("username");
    try {
      if (users.isPassword(name, request.getParameter("password"))) {
        return Optional.of(name);
      }
      response.setStatus(HttpServletResponse.SC_UNAUTHORIZED);
    } catch (PasswordHasherBusyException e) {
      response.setHeader("Retry-After", "5");
      response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
    }
    return Optional.empty();
  }

  boolean isAdmin(String name) {
    return admins.contains(name);
  }

  void setAdmin(String name, boolean isAdmin) {
    if (isAdmin) {
      admins.add(name);
    } else {
      admins.remove(name);
    }
  }

  /** From now on, no token that was issued before is exchanged. */
  void signedOut(String name) {
    signedOutAt.put(name, Instant.now());
  }

  /** Returns when a user was last signed out everywhere; long ago if never. */
  Instant signedOutAt(String name) {
    return signedOutAt.getOrDefault(name, Instant.EPOCH);
  }
}
