package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpSession;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The one test class that names what containers of Servlet 6.0 lack; loaded where it is asked. */
final class Accessors {

  private Accessors() {}

  /** Returns the accessor of a session, as what it does; null if there is none. */
  static @Nullable Consumer<Consumer<HttpSession>> of(HttpSession session) {
    HttpSession.Accessor accessor = session.getAccessor();
    return accessor == null ? null : accessor::access;
  }

  static void access(HttpSession session, Consumer<HttpSession> consumer) {
    session.getAccessor().access(consumer);
  }

  static String textOf(HttpSession session) {
    return String.valueOf(session.getAccessor());
  }
}
