package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Which headers the application has changed, with their previous values (set by earlier filters,
 * such as CORS and HSTS headers and the request id). When this filter replaces the application's
 * answer, the headers of earlier filters stay and those of the application go.
 *
 * <p>Responses are written by one thread at a time.
 */
final class ApplicationHeaders {

  /**
   * Headers that describe a body, which is dropped; containers keep these apart from the others.
   */
  private static final List<String> OF_THE_BODY = List.of("content-type", "content-length");

  private final HttpServletResponse response;

  private @Nullable Change changes;

  /** One changed header. A linked list, since few are changed. */
  private record Change(String name, List<String> before, @Nullable Change next) {}

  ApplicationHeaders(HttpServletResponse response) {
    this.response = response;
  }

  /** Records that the application is about to change a header. */
  void beforeChange(String name) {
    if (find(name) == null) {
      List<String> before =
          response.containsHeader(name) ? List.copyOf(response.getHeaders(name)) : List.of();
      changes = new Change(name, before, changes);
    }
  }

  private @Nullable Change find(String name) {
    Change change = changes;
    while (change != null && !change.name().equalsIgnoreCase(name)) {
      change = change.next();
    }
    return change;
  }

  /**
   * Restores the response to what it was before the application, as far as that is known. It must
   * not be committed.
   *
   * @param isOurs whether a header of this name and value is one that this filter has set
   */
  void withdraw(BiPredicate<String, String> isOurs) {
    Map<String, List<String>> kept = new LinkedHashMap<>();
    for (String name : List.copyOf(response.getHeaderNames())) {
      if (!OF_THE_BODY.contains(name.toLowerCase(Locale.ROOT)) && find(name) == null) {
        kept.put(name, List.copyOf(response.getHeaders(name)));
      }
    }
    for (Change change = changes; change != null; change = change.next()) {
      if (!OF_THE_BODY.contains(change.name().toLowerCase(Locale.ROOT))) {
        kept.put(change.name(), change.before());
      }
    }
    response.reset();
    kept.forEach(
        (name, values) ->
            putBack(name, values.stream().filter(value -> !isOurs.test(name, value)).toList()));
  }

  private void putBack(String name, List<String> values) {
    for (int i = 0; i < values.size(); i++) {
      // Some of the container's own headers outlive the reset.
      if (i == 0) {
        response.setHeader(name, values.get(i));
      } else {
        response.addHeader(name, values.get(i));
      }
    }
  }
}
