package io.coatcheck.benchmarks;

import jakarta.servlet.Filter;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A servlet filter that gives the request its session. */
final class Filtered implements Contestant {

  private final Filter filter;
  private final String[] cookies;
  private final String unknownCookie;
  private final Visit.Login login;
  private final Visit visit;
  private final AutoCloseable resources;
  private final StubRequest request = new StubRequest();
  private final StubResponse response = new StubResponse();

  /**
   * Makes a contestant.
   *
   * @param cookies the {@code Cookie} line of each session; a login replaces it
   * @param unknownCookie one that has the right form and names no session
   */
  Filtered(
      Filter filter,
      String[] cookies,
      String unknownCookie,
      Visit.Login login,
      AutoCloseable resources) {
    this.filter = filter;
    this.cookies = cookies;
    this.unknownCookie = unknownCookie;
    this.login = login;
    visit = new Visit(login);
    this.resources = resources;
  }

  @Override
  public @Nullable Object read(int session) {
    return serve(Visit.Kind.READ, session, cookies[session]);
  }

  @Override
  public @Nullable Object request(Visit.Kind kind, int session) {
    return switch (kind) {
      case READ, WRITE -> serve(kind, session, cookies[session]);
      case CREATE -> serve(kind, session, null);
      case REFUSED -> serve(kind, session, unknownCookie);
      case LOGIN -> {
        Object result = serve(kind, session, cookies[session]);
        List<String> set = response.newCookies();
        if (set.isEmpty()) {
          throw new IllegalStateException("a login did not set the cookie");
        }
        cookies[session] = Cookies.line(set);
        yield result;
      }
    };
  }

  private @Nullable Object serve(Visit.Kind kind, int session, @Nullable String cookie) {
    visit.of(kind, session);
    try {
      filter.doFilter(request.next(cookie), response.next(), visit);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ServletException e) {
      throw new IllegalStateException(e);
    }
    return visit.result();
  }

  @Override
  public Contestant forAnotherThread() {
    return new Filtered(filter, cookies, unknownCookie, login, () -> {});
  }

  @Override
  public void close() {
    try {
      resources.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
