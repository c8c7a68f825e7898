package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The {@code Clear-Site-Data} header of a response to a logout, beside the application's headers of
 * that name. Guarded by the lock of the request's {@link DispatchState}.
 */
final class SiteDataHeader {

  static final String NAME = "Clear-Site-Data";

  private final Set<SiteData> chosen;

  /** Whether it was a logout, and not only the application's way to get another session. */
  private boolean isExplicit;

  private boolean isDue;

  /** The written value; null if none was written. */
  private @Nullable String written;

  SiteDataHeader(Set<SiteData> chosen) {
    this.chosen = chosen;
  }

  static boolean isOfName(String name) {
    return name.equalsIgnoreCase(NAME);
  }

  /** Records that a session was ended at its user's request. */
  void due(boolean explicit) {
    isDue = true;
    isExplicit |= explicit;
  }

  /** Records that the request logs a user in, and so invalidated a session to get another one. */
  void loggedIn() {
    if (!isExplicit && written == null) {
      isDue = false;
    }
  }

  /**
   * Writes the header, unless the response has it.
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
    IncludedHeaders.write(response, target -> replace(target, values));
    written = value;
  }

  private static void replace(HttpServletResponse response, List<String> values) {
    for (int i = 0; i < values.size(); i++) {
      if (i == 0) {
        response.setHeader(NAME, values.get(i));
      } else {
        response.addHeader(NAME, values.get(i));
      }
    }
  }

  /** Writes it again where something dropped it. */
  void restore(HttpServletResponse response, boolean givesToken) {
    if (written != null) {
      write(response, givesToken);
    }
  }

  /** Returns whether a value was written here. */
  boolean isWritten(String value) {
    return value.equals(written);
  }
}
