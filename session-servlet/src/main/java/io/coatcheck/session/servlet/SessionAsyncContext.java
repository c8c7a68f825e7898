package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The container's asynchronous context. It saves the session before {@link #complete} releases the
 * response. Listeners get this wrapper too.
 */
final class SessionAsyncContext implements AsyncContext {

  private final SessionExchange exchange;
  private final AsyncContext context;

  /**
   * The container's own context of this cycle: wrappers such as Spring Security's return another
   * object at each call. Null in a mock request.
   */
  private final @Nullable AsyncContext containers;

  /**
   * Whether the container, without the wrappers, would continue with its own request and response.
   */
  private final boolean isOriginal;

  /**
   * The target of {@code dispatch()}; null to let the container decide. It would use the path of
   * the {@link SessionRequest}, which replaces its own and whose path changes when a forward ends.
   */
  private final @Nullable String path;

  /**
   * Whether {@link #complete} was called, and the listeners have not been notified. If another
   * thread calls it before the dispatch has returned, Undertow shows the request as no longer
   * asynchronous.
   */
  private volatile boolean isEnding;

  private SessionAsyncContext(
      SessionExchange exchange,
      AsyncContext context,
      @Nullable AsyncContext containers,
      boolean isOriginal,
      @Nullable String path) {
    this.exchange = exchange;
    this.context = context;
    this.containers = containers;
    this.isOriginal = isOriginal;
    this.path = path;
  }

  /**
   * Wraps a context that has just begun.
   *
   * @param request on which it was begun
   * @param path the target of {@code dispatch()}; null to let the container decide
   */
  static SessionAsyncContext begin(
      SessionExchange exchange,
      ServletRequest request,
      AsyncContext context,
      boolean isOriginal,
      @Nullable String path) {
    SessionAsyncContext begun =
        new SessionAsyncContext(exchange, context, containersOf(request), isOriginal, path);
    begun.saveAfterListeners(true);
    return begun;
  }

  /**
   * Returns whether a cycle was begun on a request below the {@link SessionRequest}, by an earlier
   * filter or by code that unwraps the request, and is not {@linkplain #watch watched}. Then
   * nothing here is called before the response is sent, or when the request ends.
   */
  static boolean isBegunBelow(SessionExchange exchange, ServletRequest request) {
    SessionAsyncContext known = request.isAsyncStarted() ? begunIn(exchange) : null;
    return known == null ? request.isAsyncStarted() : !known.isOf(request);
  }

  /**
   * Returns whether this is the context of the request's present cycle. Undertow has another one in
   * each cycle, and notifies the listeners of the previous one when the dispatch has returned.
   */
  private boolean isOf(ServletRequest request) {
    AsyncContext present = containersOf(request);
    return present == null || present == containers;
  }

  /**
   * Returns the container's own context; null in a mock request, and after the end of the cycle.
   */
  private static @Nullable AsyncContext containersOf(ServletRequest request) {
    try {
      return SessionRequest.beneath(request).getAsyncContext();
    } catch (IllegalStateException e) {
      LOG.debug("An asynchronous request was completed before its dispatch returned", e);
      return null;
    }
  }

  /**
   * Watches such a cycle, so that its end is the end of the request.
   *
   * @return {@code false} if another thread has completed it meanwhile
   */
  static boolean watch(SessionExchange exchange, ServletRequest request) {
    try {
      AsyncContext context = request.getAsyncContext();
      if (context == null) {
        // A mock request.
        return false;
      }
      SessionAsyncContext watched =
          context instanceof SessionAsyncContext ours && ours.exchange == exchange
              ? ours
              : wrap(exchange, context, containersOf(request));
      watched.saveAfterListeners(true);
      return true;
    } catch (IllegalStateException e) {
      LOG.debug("An asynchronous request was completed before its dispatch returned", e);
      return false;
    }
  }

  /**
   * Adds a listener that ends the request unless another one comes after it: containers call
   * listeners in the order in which they were added, and those of the application may still use the
   * session.
   */
  private void saveAfterListeners(boolean isFirst) {
    SaveAtEnd last = new SaveAtEnd(isFirst);
    context.addListener(last);
    exchange.asyncCycle(new AsyncCycle(isFirst ? this : begunIn(exchange), last));
  }

  /** Returns the wrapper of a context of the container. */
  static AsyncContext of(SessionExchange exchange, AsyncContext context) {
    SessionAsyncContext known = begunIn(exchange);
    return known != null && known.context == context ? known : wrap(exchange, context, null);
  }

  private static SessionAsyncContext wrap(
      SessionExchange exchange, AsyncContext context, @Nullable AsyncContext containers) {
    return new SessionAsyncContext(
        exchange, context, containers, context.hasOriginalRequestAndResponse(), null);
  }

  private static @Nullable SessionAsyncContext begunIn(SessionExchange exchange) {
    AsyncCycle known = exchange.asyncCycle();
    return known == null ? null : known.context();
  }

  /** Returns whether the request was completed, and its listeners have not been notified. */
  static boolean isEnding(SessionExchange exchange) {
    SessionAsyncContext known = begunIn(exchange);
    return known != null && known.isEnding;
  }

  private void ends(boolean isUnderWay) {
    SessionAsyncContext known = begunIn(exchange);
    (known == null ? this : known).isEnding = isUnderWay;
  }

  @Override
  public ServletRequest getRequest() {
    return context.getRequest();
  }

  @Override
  public ServletResponse getResponse() {
    return context.getResponse();
  }

  @Override
  public boolean hasOriginalRequestAndResponse() {
    return isOriginal;
  }

  @Override
  public void dispatch() {
    // Another filter's context has its own path, which is that of the wrapped request when it
    // began.
    boolean isContainersOwn = !(context instanceof SessionAsyncContext);
    if (path == null || (isContainersOwn && path.equals(AsyncTarget.of(context.getRequest())))) {
      context.dispatch();
    } else {
      context.dispatch(path);
    }
  }

  @Override
  public void dispatch(String path) {
    context.dispatch(path);
  }

  @Override
  public void dispatch(ServletContext servletContext, String path) {
    context.dispatch(servletContext, path);
  }

  /**
   * Saves, and releases the response. If the save fails, or an action before it, the response
   * reports it, and nothing is thrown: after the end of a request, Tomcat would attribute an
   * exception of this thread to the next request on the connection.
   */
  @Override
  public void complete() {
    boolean isSecond = isEnding(exchange);
    // Before the save: what the thread of the dispatch changes later, it saves itself.
    ends(true);
    try {
      exchange.beforeCommit();
    } catch (SessionStoreException e) {
      LOG.debug("A save failed when an asynchronous request was completed", e);
    } catch (Throwable e) {
      failed(e);
    } finally {
      completeContext(isSecond);
    }
  }

  private void completeContext(boolean isSecond) {
    try {
      context.complete();
    } catch (Throwable e) {
      ends(isSecond);
      throw e;
    }
  }

  /** Saves despite a failure of the application, and reports the failure. */
  private void failed(Throwable failure) {
    SessionStoreException cause = ErrorResponse.causeOf(failure);
    if (cause != null) {
      exchange.saving().answersUnavailable(cause);
      return;
    }
    try {
      // What has failed is done only once.
      exchange.beforeCommit();
    } catch (Throwable second) {
      if (second != failure) {
        failure.addSuppressed(second);
      }
    }
    exchange
        .settings()
        .problems()
        .error(
            "completion",
            "The application failed when an asynchronous request was completed",
            failure);
    exchange.saving().answerError();
  }

  @Override
  public void start(Runnable work) {
    context.start(work);
  }

  @Override
  public void addListener(AsyncListener listener) {
    context.addListener(new Forwarding(listener));
    saveAfterListeners(false);
  }

  @Override
  public void addListener(
      AsyncListener listener, ServletRequest request, ServletResponse response) {
    context.addListener(new Forwarding(listener), request, response);
    saveAfterListeners(false);
  }

  @Override
  public <T extends AsyncListener> T createListener(Class<T> type) throws ServletException {
    return context.createListener(type);
  }

  @Override
  public void setTimeout(long timeout) {
    context.setTimeout(timeout);
  }

  @Override
  public long getTimeout() {
    return context.getTimeout();
  }

  private static AsyncEvent with(AsyncContext shown, AsyncEvent event) {
    return new AsyncEvent(
        shown, event.getSuppliedRequest(), event.getSuppliedResponse(), event.getThrowable());
  }

  /** Saves the remaining changes when the asynchronous cycle ends, however it ends. */
  private final class SaveAtEnd implements AsyncListener {

    private final boolean isFirst;

    SaveAtEnd(boolean isFirst) {
      this.isFirst = isFirst;
    }

    @Override
    public void onComplete(AsyncEvent event) {
      AsyncCycle known = exchange.asyncCycle();
      if (known == null || known.last() == this) {
        ends(false);
        finish(exchange::completed);
      }
    }

    @Override
    public void onTimeout(AsyncEvent event) {
      save();
    }

    @Override
    public void onError(AsyncEvent event) {
      save();
    }

    private void save() {
      if (isFirst) {
        finish(() -> exchange.chainReturned(true));
      }
    }

    /**
     * Another cycle begins, which has its own context and listener, or is begun on a request below
     * the {@link SessionRequest}. On Undertow, it is already known here.
     */
    @Override
    public void onStartAsync(AsyncEvent event) {
      AsyncCycle known = exchange.asyncCycle();
      if (known != null && known.context() == SessionAsyncContext.this) {
        exchange.asyncCycle(null);
      }
    }

    private void finish(Runnable work) {
      try {
        work.run();
      } catch (Throwable e) {
        // No caller is left to throw it to.
        exchange
            .settings()
            .problems()
            .error(
                "asynchronous",
                "The session could not be saved at the end of an asynchronous request",
                e);
      }
    }
  }

  /** Forwards the event with the wrapped context. */
  private final class Forwarding implements AsyncListener {

    private final AsyncListener listener;

    Forwarding(AsyncListener listener) {
      this.listener = listener;
    }

    @Override
    public void onComplete(AsyncEvent event) throws IOException {
      listener.onComplete(with(SessionAsyncContext.this, event));
    }

    @Override
    public void onTimeout(AsyncEvent event) throws IOException {
      listener.onTimeout(with(SessionAsyncContext.this, event));
    }

    @Override
    public void onError(AsyncEvent event) throws IOException {
      listener.onError(with(SessionAsyncContext.this, event));
    }

    /** Shows the context of the next cycle, which is another one on Undertow. */
    @Override
    public void onStartAsync(AsyncEvent event) throws IOException {
      AsyncContext next = event.getAsyncContext();
      boolean isSame = next == context || next == containers;
      AsyncContext shown = isSame ? SessionAsyncContext.this : of(exchange, next);
      listener.onStartAsync(with(shown, event));
    }
  }
}
