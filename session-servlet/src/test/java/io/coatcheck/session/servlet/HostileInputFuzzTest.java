package io.coatcheck.session.servlet;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.CrossOriginPolicy.Presented;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;

/**
 * What any client may send: any bytes. In the build the inputs under {@code src/test/resources} are
 * replayed: what to begin from, and what was ever found. For a longer run see docs/SECURITY.md.
 *
 * <p>Each test compares with a second, simple reading of the rule, and not only with "no
 * exception".
 */
@DisplayName("I14: any bytes from outside")
class HostileInputFuzzTest {

  private static final String COOKIE = "__Host-session";
  private static final String HINT_COOKIE = "__Host-session-seen";

  /** In an input, it stands for a token that is live. */
  private static final String LIVE_TOKEN = "\u0001";

  private static final class Counter extends SecureRandom {

    private static final long serialVersionUID = 1L;
    private byte next;

    @Override
    public void nextBytes(byte[] bytes) {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = next++;
      }
    }
  }

  /** One live session, and how often the store was asked. */
  private static final class Live {

    private static final Live INSTANCE = new Live();

    private final ObservedStore store = new ObservedStore(InMemorySessionStore.builder().build());
    private final SessionManager manager =
        SessionManager.builder(store)
            .clock(MutableClock.at(Instant.parse("2026-01-01T00:00:00Z")))
            .random(new Counter())
            .cleanUpInterval(Duration.ZERO)
            .build();
    private final String token;

    private Live() {
      manager.authenticate(null, "alice", LoginOptions.defaults());
      var session = manager.adapter().create(manager.adapter().resolve(List.of()));
      manager.authenticate(session, "alice", LoginOptions.defaults());
      token = session.unsentToken().orElseThrow().value();
    }
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static void check(boolean holds, String rule, Object... facts) {
    if (!holds) {
      throw new AssertionError(rule + ": " + List.of(facts));
    }
  }

  // Cookie: lines of the header, one a line.

  @FuzzTest(maxDuration = "30m", maxExecutions = 10_000_000)
  @DictionaryEntries({
    "__Host-session=",
    "__Host-session-seen=",
    "~0~1",
    "$Version=1",
    "; ",
    "\\x09",
    "\\x01",
    "\\x22",
    "\\x0a",
    "%20"
  })
  void cookieHeader_toResolution(byte[] bytes) {
    Live live = Live.INSTANCE;
    List<String> lines = List.of(text(bytes).replace(LIVE_TOKEN, live.token).split("\n", -1));

    PresentedValues found = new PresentedValues();
    CookieHeader.read(Collections.enumeration(lines), COOKIE, HINT_COOKIE, found);
    List<String> values = found.texts();

    check(values.equals(valuesByTheBook(COOKIE, lines, 5)), "other values than by the book", lines);
    check(
        found.hints().equals(valuesByTheBook(HINT_COOKIE, lines, 4)),
        "other hints than by the book",
        lines);
    live.store.forgetCalls();
    Resolution resolution = live.manager.adapter().resolve(values, found.hints());
    long tokens = values.stream().filter(v -> SessionToken.parse(v).isPresent()).count();
    check(live.store.calls().size() <= tokens, "malformed tokens cost a look-up", lines);
    boolean isPresented = values.contains(live.token) && values.size() <= 4;
    check(
        resolution instanceof Resolution.Live == isPresented,
        "a session for whom has no token, or none for whom has",
        lines);
  }

  private static List<String> valuesByTheBook(String name, List<String> lines, int most) {
    List<String> values = new ArrayList<>();
    for (String line : lines) {
      if (!stripped(line).toLowerCase(Locale.ROOT).startsWith("$version")) {
        for (String pair : line.split(";", -1)) {
          if (stripped(pair).startsWith(name + "=")) {
            values.add(stripped(pair).substring(name.length() + 1));
          }
        }
      }
    }
    return values.subList(0, Math.min(most, values.size()));
  }

  private static String stripped(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && " \t".indexOf(text.charAt(start)) >= 0) {
      start++;
    }
    while (start < end && " \t".indexOf(text.charAt(end - 1)) >= 0) {
      end--;
    }
    return text.substring(start, end);
  }

  // The header of programs.

  private static final SessionHeader BEARER = SessionHeader.bearer();
  private static final SessionHeader NAMED = SessionHeader.named("X-Session");

  @FuzzTest(maxDuration = "30m", maxExecutions = 10_000_000)
  @DictionaryEntries({"Bearer ", "bearer ", "\\x01", "\\x0a", "  ", "Basic "})
  void sessionHeader_toTokens(byte[] bytes) {
    Live live = Live.INSTANCE;
    String header = text(bytes).substring(0, Math.min(bytes.length, 300));
    List<String> lines = List.of(header.replace(LIVE_TOKEN, live.token).split("\n", -1));

    List<String> byBearer = BEARER.tokensIn(Collections.enumeration(lines));
    List<String> byName = NAMED.tokensIn(Collections.enumeration(lines));

    for (List<String> found : List.of(byBearer, byName)) {
      check(found.size() <= lines.size(), "more than there are", lines);
      check(found.stream().allMatch(t -> isTokenByTheBook(t)), "no token", lines);
    }
    check(byName.stream().allMatch(lines::contains), "not the whole value", lines);
    check(
        byBearer.stream().allMatch(t -> lines.stream().anyMatch(line -> isBearer(line, t))),
        "not behind the scheme",
        lines);
    boolean isPresented = lines.stream().anyMatch(line -> isBearer(line, live.token));
    check(isPresented == byBearer.contains(live.token), "lost", lines);
  }

  private static boolean isTokenByTheBook(String text) {
    StringBuilder shape = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      boolean isLowerHex = "0123456789abcdef".indexOf(character) >= 0;
      shape.append(isLowerHex ? 'x' : character);
    }
    return text.length() == 80
        && shape.substring(0, 37).equals("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.")
        && text.substring(37).chars().allMatch(c -> c == '-' || c == '_' || isAlphanumeric(c));
  }

  private static boolean isAlphanumeric(int character) {
    return character < 0x80 && Character.isLetterOrDigit(character);
  }

  private static boolean isBearer(String line, String token) {
    int space = "bearer".length();
    int start = line.length() - token.length();
    return line.toLowerCase(Locale.ROOT).startsWith("bearer ")
        && line.endsWith(token)
        && line.substring(space, start).equals(" ".repeat(start - space));
  }

  // Cross-origin: method, Upgrade, Sec-Fetch-Site, Origin; a line each; again for repeated headers.

  private static final CrossOriginPolicy POLICY =
      CrossOriginPolicy.builder().trustedOrigin("https://trusted.example").build();
  private static final CrossOriginPolicy STRICT =
      CrossOriginPolicy.builder()
          .trustedOrigin("https://trusted.example")
          .publicOrigin("https://app.example")
          .strict(true)
          .build();

  @FuzzTest(maxDuration = "30m", maxExecutions = 10_000_000)
  @DictionaryEntries({
    "POST\\x0a",
    "GET\\x0a",
    "websocket\\x0a",
    "same-origin\\x0a",
    "cross-site\\x0a",
    "same-site\\x0a",
    "none\\x0a",
    "https://app.example",
    "https://trusted.example",
    "null",
    "http://app.example",
    "\\x0a\\x0a"
  })
  void crossOriginHeaders_toDecision(byte[] bytes) {
    String[] lines = text(bytes).split("\n", -1);
    String method = lines[0];
    boolean opensWebSocket = lines.length > 1 && lines[1].contains("websocket");
    List<String> sites = new ArrayList<>();
    List<String> origins = new ArrayList<>();
    for (int i = 2; i < lines.length; i++) {
      if (!lines[i].isEmpty()) {
        (i % 2 == 0 ? sites : origins).add(lines[i]);
      }
    }
    Presented presented =
        new Presented(method, opensWebSocket, sites, origins, "https://app.example");

    boolean passes = POLICY.decide(presented) == null;
    boolean passesStrictly = STRICT.decide(presented) == null;

    boolean isSafe = Set.of("GET", "HEAD", "OPTIONS").contains(method) && !opensWebSocket;
    boolean isTrusted = origins.equals(List.of("https://trusted.example"));
    boolean isOwn = origins.equals(List.of("https://app.example"));
    boolean saysOwn = sites.equals(List.of("same-origin")) || sites.equals(List.of("none"));
    boolean saysNothing = sites.isEmpty() && origins.isEmpty();
    boolean once = sites.size() <= 1 && origins.size() <= 1;
    boolean expected =
        isSafe || (once && (saysOwn || isTrusted || (sites.isEmpty() && (isOwn || saysNothing))));
    check(passes == expected, "not by the rule", presented, passes);
    check(passesStrictly == (expected && (isSafe || !saysNothing)), "strict", presented);
  }

  // Where to go after a login.

  /** What browsers let pass in a path and {@link URI} does not. */
  private static final Pattern UNUSUAL = Pattern.compile("[|{}\\[\\]%]");

  @FuzzTest(maxDuration = "30m", maxExecutions = 10_000_000)
  @DictionaryEntries({
    "/", "//", "\\x5c", "%2f", "%5c", "%252f", "..", ";", "?", "#", "@", ":", "\\x09"
  })
  void returnTarget_staysHere(byte[] bytes) {
    String target = new String(bytes, StandardCharsets.UTF_8);
    if (!ReturnPath.isSafe(target)) {
      return;
    }
    check(target.length() <= ReturnPath.MAX_LENGTH, "long", target);
    check(target.chars().allMatch(c -> c > ' ' && c < 0x7F), "a header could break", target);
    for (String read : readings(target)) {
      // The WHATWG parser drops tabs and newlines anywhere, and takes \ for /.
      String asBrowsersDo =
          read.replace("\t", "").replace("\r", "").replace("\n", "").trim().replace('\\', '/');
      check(asBrowsersDo.startsWith("/"), "not a path", target);
      check(!asBrowsersDo.startsWith("//"), "another host", target);
    }
    String path = target.substring(0, (target + "?").indexOf('?'));
    URI resolved = URI.create("https://app.example").resolve(UNUSUAL.matcher(path).replaceAll("_"));
    check("app.example".equals(resolved.getHost()), "another host", target, resolved);
    check(!(path + "/").contains("/../"), "dots", target);
  }

  /** The text, and what it is after one and after two rounds of decoding. */
  private static List<String> readings(String text) {
    String once = decoded(text);
    return List.of(text, once, decoded(once));
  }

  /** Decodes byte by byte, as the most lenient reader does; what is no escape stays. */
  private static String decoded(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    StringBuilder decoded = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
      int low = high < 0 ? -1 : Character.digit(text.charAt(i + 2), 16);
      if (character == '%' && low >= 0) {
        decoded.append((char) (high << 4 | low));
        i += 2;
      } else {
        decoded.append(character);
      }
    }
    return decoded.toString();
  }

  // Paths.

  private static final PathPatterns LET_OFF =
      PathPatterns.of("exclude", List.of("/assets/*", "/health"));
  private static final PathPatterns DEMANDED =
      PathPatterns.of("protectedPaths", List.of("/account/*", "/admin"));

  @FuzzTest(maxDuration = "30m", maxExecutions = 10_000_000)
  @DictionaryEntries({
    "/assets/",
    "/account",
    "/admin",
    "/health",
    "%2e%2e/",
    "..;/",
    "%2f",
    "//",
    "%252e",
    "\\x5c",
    ";a=b",
    "/./",
    "%00",
    "%c0%af"
  })
  void path_inEveryReading(byte[] bytes) {
    String uri = "/" + text(bytes).substring(0, Math.min(bytes.length, 200));
    List<String> readings = readings(uri);
    for (boolean dropsParameters : List.of(true, false)) {
      HttpServletRequest request = request(uri, containerPath(uri, dropsParameters));
      boolean isLetOff = LET_OFF.matches(request);
      boolean isDemanded = DEMANDED.mayMatch(request);
      if (isDemanded && !isLetOff) {
        continue;
      }
      for (String read : readings) {
        for (String path : meanings(read)) {
          check(!isLetOff || isBelow("/assets", path) || path.equals("/health"), "let off", uri);
          check(isDemanded || !isProtected(path.toLowerCase(Locale.ROOT)), "got past", uri, path);
        }
      }
    }
  }

  private static boolean isProtected(String path) {
    return isBelow("/account", path) || path.equals("/admin") || path.equals("/admin/");
  }

  private static boolean isBelow(String prefix, String path) {
    return path.equals(prefix) || path.startsWith(prefix + "/");
  }

  /** What servers, proxies and frameworks make of a decoded path: with and without parameters. */
  private static List<String> meanings(String decoded) {
    return List.of(
        normalized(decoded),
        normalized(decoded.replace('\\', '/')),
        normalized(withoutParameters(decoded)),
        withoutParameters(normalized(decoded)));
  }

  private static String withoutParameters(String path) {
    int start = path.indexOf(';');
    if (start < 0) {
      return path;
    }
    int slash = path.indexOf('/', start);
    return path.substring(0, start) + (slash < 0 ? "" : withoutParameters(path.substring(slash)));
  }

  private static String normalized(String path) {
    Deque<String> segments = new ArrayDeque<>();
    int start = 0;
    while (start <= path.length()) {
      int slash = path.indexOf('/', start);
      int end = slash < 0 ? path.length() : slash;
      String segment = path.substring(start, end);
      if (segment.equals("..")) {
        segments.pollLast();
      } else if (!segment.equals(".") && !segment.isEmpty()) {
        segments.addLast(segment);
      }
      start = end + 1;
    }
    return "/"
        + String.join("/", segments)
        + (path.endsWith("/") && !segments.isEmpty() ? "/" : "");
  }

  /** What a container says that the path is: decoded once, normalized. */
  private static String containerPath(String uri, boolean dropsParameters) {
    return normalized(decoded(dropsParameters ? withoutParameters(uri) : uri));
  }

  private static HttpServletRequest request(String uri, String servletPath) {
    return new HttpServletRequestWrapper(NOTHING) {
      @Override
      public String getRequestURI() {
        return uri;
      }

      @Override
      public String getServletPath() {
        return servletPath;
      }

      @Override
      public String getPathInfo() {
        return null;
      }
    };
  }

  private static final HttpServletRequest NOTHING =
      (HttpServletRequest)
          Proxy.newProxyInstance(
              HttpServletRequest.class.getClassLoader(),
              new Class<?>[] {HttpServletRequest.class},
              (proxy, method, arguments) -> {
                throw new UnsupportedOperationException(method.getName());
              });
}
