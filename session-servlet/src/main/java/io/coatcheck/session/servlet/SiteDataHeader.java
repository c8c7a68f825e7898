package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The {@code Clear-Site-Data} header of a response to a logout, beside what the application sets of
 * that name. Guarded by the lock of the {@link SessionExchange} that it belongs to.
 */
final class SiteDataHeader {

  static final String NAME = "Clear-Site-Data";

  private final Set<SiteData> chosen;

  /** Whether the user asked for a logout, and not only the application for another session. */
  private boolean isExplicit;

  private boolean isDue;

  /** As it was written; null if it was not. */
  private @Nullable String written;

  SiteDataHeader(Set<SiteData> chosen) {
    this.chosen = chosen;
  }

  static boolean isOfName(String name) {
    return name.equalsIgnoreCase(NAME);
  }

  /** Records that a session has ended by the request of its user. */
  void due(boolean explicit) {
    isDue = true;
    isExplicit |= explicit;
  }

  /** Records that the request logs a user in, and so invalidated a session to have another one. */
  void loggedIn() {
    if (!isExplicit && written == null) {
      isDue = false;
    }
  }

  /**
   * Writes it, unless it stands there.
   *
   * @param givesToken whether the response has a cookie that is not to be cleared
   */
  void write(HttpServletResponse response, boolean givesToken) {
    String value =
        chosen.stream()
            .filter(data -> !(givesToken && data == SiteData.COOKIES))
            .map(SiteData::text)
            .collect(Collectors.joining(", "));
    List<String> present = List.copyOf(response.getHeaders(NAME));
    if (!isDue || value.isEmpty() || (value.equals(written) && present.contains(value))) {
      return;
    }
    List<String> values = new ArrayList<>(present);
    if (written != null) {
      values.remove(written);
    }
    values.add(value);
    for (int i = 0; i < values.size(); i++) {
      if (i == 0) {
        response.setHeader(NAME, values.get(i));
      } else {
        response.addHeader(NAME, values.get(i));
      }
    }
    written = value;
  }

  /** Writes it again where something dropped it. */
  void restore(HttpServletResponse response, boolean givesToken) {
    if (written != null) {
      write(response, givesToken);
    }
  }

  /** Returns whether a value is what this has written. */
  boolean isWritten(String value) {
    return value.equals(written);
  }
}
