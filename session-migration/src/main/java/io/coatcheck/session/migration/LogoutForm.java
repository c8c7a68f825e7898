package io.coatcheck.session.migration;

import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The form that an identity provider posts. Only its body counts, never the query of the URL. */
final class LogoutForm {

  /** The maximum size of a body, in bytes. */
  static final int MAX_BYTES = 65_536;

  private static final String TYPE = "application/x-www-form-urlencoded";
  private static final String NAME = "logout_token";
  private static final String PARAMETER = NAME + "=";

  private static final String READ_BEFORE =
      "the body of the logout request was read before: map BackChannelLogout before the filters"
          + " that read the parameters of requests";

  private LogoutForm() {}

  /**
   * Returns the token; empty if the request is not a form, is too large, or has not exactly one.
   *
   * @throws IllegalStateException if the body was read before, by another filter
   */
  static Optional<String> tokenIn(HttpServletRequest request) throws IOException {
    if (!isForm(request.getContentType()) || request.getContentLengthLong() > MAX_BYTES) {
      return Optional.empty();
    }
    ServletInputStream stream = streamOf(request);
    boolean isAtItsEnd = stream.isFinished();
    byte[] body = stream.readNBytes(MAX_BYTES + 1);
    if (body.length > MAX_BYTES) {
      return Optional.empty();
    }
    // A body whose length is not known may also be empty; then its end is not known either.
    boolean wasLong = request.getContentLengthLong() > 0;
    boolean wasChunked =
        request.getHeader("Transfer-Encoding") != null
            && (isAtItsEnd || isAmongTheParameters(request));
    if (body.length == 0 && (wasLong || wasChunked)) {
      throw new IllegalStateException(READ_BEFORE);
    }
    return tokenIn(new String(body, StandardCharsets.ISO_8859_1));
  }

  /** Returns whether the container has parsed the token, from the body and not from the URL. */
  private static boolean isAmongTheParameters(HttpServletRequest request) {
    String query = request.getQueryString();
    return request.getParameter(NAME) != null && (query == null || !query.contains(NAME));
  }

  private static ServletInputStream streamOf(HttpServletRequest request) throws IOException {
    try {
      return request.getInputStream();
    } catch (IllegalStateException e) {
      // Another filter has its reader.
      throw new IllegalStateException(READ_BEFORE, e);
    }
  }

  private static boolean isForm(@Nullable String type) {
    if (type == null) {
      return false;
    }
    int end = type.indexOf(';');
    String media = (end < 0 ? type : type.substring(0, end)).trim();
    return media.toLowerCase(Locale.ROOT).equals(TYPE);
  }

  private static Optional<String> tokenIn(String body) {
    @Nullable String found = null;
    for (String part : body.split("&", -1)) {
      if (part.startsWith(PARAMETER)) {
        if (found != null) {
          return Optional.empty();
        }
        found = part.substring(PARAMETER.length());
      }
    }
    if (found == null || found.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(URLDecoder.decode(found, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      // A percent sign without two digits: the value is not a token.
      return Optional.empty();
    }
  }
}
