package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * One application behind one or more filters, in a container that runs, for one test.
 *
 * <p>Unless a test sets another page in its place, {@code /begin} stores the attribute {@code a},
 * {@code /login} logs in {@code alice}, {@code /logout} logs out, and {@code /me} writes the name
 * of the user, or {@code nobody}.
 */
final class Site implements AutoCloseable {

  static final String ERROR_PAGE = "/error-page";

  final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  final ObservedStore store;
  final SessionManager manager;
  final List<SessionEvent> events = new CopyOnWriteArrayList<>();

  private final RecordingListener ear = new RecordingListener();
  private final Container.Running running;
  private final Map<String, Handler> handlers = new ConcurrentHashMap<>();
  private volatile List<Filter> filters;
  private volatile Set<DispatcherType> dispatchers = EnumSet.allOf(DispatcherType.class);
  private volatile HttpServletResponse lastResponse;
  private volatile Consumer<HttpServletRequest> requestListener = request -> {};
  private volatile SocketEndpoint.Conversation conversation = (session, message) -> message;

  Site(Container container) {
    this(container, false, UnaryOperator.identity(), UnaryOperator.identity());
  }

  Site(
      Container container,
      boolean copyOnRead,
      UnaryOperator<SessionManagerBuilder> managerOptions,
      UnaryOperator<SessionFilterBuilder> filterOptions) {
    this(container.running(), copyOnRead, managerOptions, filterOptions);
  }

  /** A site in a container of another kind. */
  Site(Container.Running running) {
    this(running, true, UnaryOperator.identity(), UnaryOperator.identity());
  }

  Site(
      Container.Running running,
      boolean copyOnRead,
      UnaryOperator<SessionManagerBuilder> managerOptions,
      UnaryOperator<SessionFilterBuilder> filterOptions) {
    store = new ObservedStore(InMemorySessionStore.builder().copyOnRead(copyOnRead).build());
    manager =
        managerOptions
            .apply(
                SessionManager.builder(store)
                    .clock(clock)
                    .listener(events::add)
                    .storeTimeout(Duration.ofMinutes(1))
                    .cleanUpInterval(Duration.ZERO))
            .build();
    filters = List.of(filterOptions.apply(SessionFilter.builder(manager)).build());
    this.running = running;
    handlers.put(ERROR_PAGE, (request, response) -> response.getWriter().print("error page"));
    on("/begin", (request, response) -> request.getSession().setAttribute("a", "1"));
    on("/login", (request, response) -> WebSession.of(request).login("alice"));
    on("/logout", (request, response) -> WebSession.of(request).logout());
    on(
        "/me",
        (request, response) ->
            response.getWriter().print(WebSession.of(request).principal().orElse("nobody")));
    running.switchboard().connect(this);
  }

  /** Sets what the application does on a path. */
  Site on(String path, Handler handler) {
    handlers.put(path, handler);
    return this;
  }

  /** Sets what the application answers to the messages of a WebSocket. */
  Site onMessage(SocketEndpoint.Conversation answers) {
    conversation = answers;
    return this;
  }

  /** Sets what a listener of requests does, which is called before every filter. */
  Site onRequest(Consumer<HttpServletRequest> listener) {
    requestListener = listener;
    return this;
  }

  void requestBegins(HttpServletRequest request) {
    requestListener.accept(request);
  }

  SocketEndpoint.Conversation conversation() {
    return conversation;
  }

  void filters(Filter... inOrder) {
    filters = List.of(inOrder);
  }

  /** Returns what hears of sessions. */
  RecordingListener listener() {
    return ear;
  }

  /** Maps the filters to some dispatcher types only. */
  void dispatchers(DispatcherType first, DispatcherType... rest) {
    dispatchers = EnumSet.of(first, rest);
  }

  /** Runs the assertions of a test within a request, and throws what they threw. */
  Browser.Answer within(Browser browser, Handler assertions) {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    on(
        "/within",
        (request, response) -> {
          try {
            assertions.handle(request, response);
          } catch (Throwable e) {
            failure.set(e);
          }
        });
    Browser.Answer answer = browser.get("/within");
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
    return answer;
  }

  int port() {
    return running.port();
  }

  /** Returns the response of the last request, as the container gave it. */
  HttpServletResponse lastResponse() {
    return lastResponse;
  }

  Browser browser() {
    return new Browser(port());
  }

  /** Returns what is stored under the id of a token. */
  StoredSession stored(String token) {
    SessionId id = SessionId.parse(token.substring(0, token.indexOf('.'))).orElseThrow();
    return store.peek(id).orElse(null);
  }

  void filter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request.getDispatcherType() == DispatcherType.REQUEST) {
      lastResponse = (HttpServletResponse) response;
    }
    List<Filter> active = dispatchers.contains(request.getDispatcherType()) ? filters : List.of();
    chain(active, chain).doFilter(request, response);
  }

  private static FilterChain chain(List<Filter> filters, FilterChain last) {
    return filters.isEmpty()
        ? last
        : (request, response) ->
            filters
                .get(0)
                .doFilter(request, response, chain(filters.subList(1, filters.size()), last));
  }

  void handle(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String path =
        request.getPathInfo() == null
            ? request.getServletPath()
            : request.getServletPath() + request.getPathInfo();
    Object included = request.getAttribute("jakarta.servlet.include.path_info");
    Handler handler = handlers.get(included == null ? path : included.toString());
    if (handler == null) {
      response.sendError(HttpServletResponse.SC_NOT_FOUND);
    } else {
      handler.handle(request, response);
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
