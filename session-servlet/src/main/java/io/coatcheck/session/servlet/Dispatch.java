package io.coatcheck.session.servlet;

import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Objects;

/** One dispatch of a request through the filter, and the handling of the session at its end. */
final class Dispatch {

  private Dispatch() {}

  /** Returns whether a filter that admitted the request has refused the target of a forward. */
  static boolean isRefusedForward(
      SessionExchange exchange, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (request.getDispatcherType() == DispatcherType.FORWARD) {
      for (RequireLogin watching : exchange.state().watchingForwards()) {
        if (watching.refusesForward(request, response)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Passes on a dispatch that already has the wrappers of this filter. */
  static void passThrough(
      SessionExchange exchange,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws IOException, ServletException {
    switch (request.getDispatcherType()) {
      case FORWARD -> {
        compareUser(exchange);
        // The end of a forward may be the end of the response.
        exchange.state().forwardBegins();
        try {
          chain.doFilter(request, response);
          exchange.beforeCommit();
        } finally {
          exchange.state().forwardEnds();
        }
      }
      case ASYNC -> guarded(exchange, false, request, response, chain);
      default -> chain.doFilter(request, response);
    }
  }

  /**
   * Passes on a dispatch. When it returns, the session is saved, or left to the end of the
   * asynchronous request. A failure of the store is answered.
   *
   * @param resolves whether to resolve the presented tokens first
   */
  static void guarded(
      SessionExchange exchange,
      boolean resolves,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws IOException, ServletException {
    // In Tomcat, a request that timed out is still asynchronous while its error page is made.
    boolean isPastAsync =
        request.getDispatcherType() == DispatcherType.ERROR && request.isAsyncStarted();
    boolean isAnother = begin(exchange, resolves);
    boolean hasEnded = false;
    try {
      if (isAnother) {
        compareUser(exchange);
      }
      chain.doFilter(request, response);
      boolean isAsync = !isPastAsync && continues(exchange, request);
      boolean isEnding = !isPastAsync && SessionAsyncContext.isEnding(exchange);
      exchange.dispatchReturned(isAsync && !isEnding, !isAsync && !isEnding);
      hasEnded = true;
    } catch (Throwable e) {
      // Also a checked exception that is not declared: code in Kotlin, for one, may throw any.
      SessionStoreException failure = ErrorResponse.causeOf(e);
      if (failure == null) {
        saveDespite(e, exchange, request, isPastAsync);
        throw e;
      }
      if (!exchange.saving().answersUnavailable(failure)) {
        throw e;
      }
    } finally {
      if (!hasEnded) {
        exchange.dispatchEnds(!isPastAsync && request.isAsyncStarted());
      }
    }
  }

  /**
   * Returns whether the request continues asynchronously. If that was begun on a request below the
   * {@link SessionRequest}, the session is saved now, and its token sent: no later call may be made
   * for that.
   *
   * @throws SessionStoreException if it could not be saved
   */
  private static boolean continues(SessionExchange exchange, HttpServletRequest request) {
    if (SessionAsyncContext.isBegunBelow(exchange, request)) {
      if (!SessionAsyncContext.watch(exchange, request)) {
        return false;
      }
      exchange.beforeCommit();
    }
    return request.isAsyncStarted();
  }

  /**
   * Records that the application is called, for the first time or in another dispatch.
   *
   * @return whether it was called before
   */
  private static boolean begin(SessionExchange exchange, boolean resolves) {
    DispatchState state = exchange.state();
    if (state.hasBegun()) {
      state.run(exchange::enter);
      return true;
    }
    if (resolves) {
      exchange.resolver().resolveAhead();
    }
    // No other thread knows of the request yet.
    exchange.enter();
    HttpServletRequest containers = exchange.request();
    if (containers != null) {
      exchange.settings().containerSession().begin(containers, exchange.resolver());
    }
    state.markBegun();
    return false;
  }

  /**
   * Checks whether the container has another user for the request than in the previous dispatch.
   *
   * @throws SessionStoreException if the session could not be assigned to that user
   */
  private static void compareUser(SessionExchange exchange) {
    HttpServletRequest containers = exchange.request();
    if (containers != null) {
      String name = ContainerUser.ofDispatch(containers);
      if (!Objects.equals(name, exchange.resolver().containerUser())) {
        exchange.authenticator().userIs(name);
      }
    }
  }

  /** Saves what the application changed before it failed. Its own failure is the one to report. */
  private static void saveDespite(
      Throwable e, SessionExchange exchange, HttpServletRequest request, boolean isPastAsync) {
    if (!trySave(e, exchange, request, isPastAsync)) {
      // An action before the save failed. No action runs twice, so this attempt gets to the save.
      trySave(e, exchange, request, isPastAsync);
    }
  }

  /** Returns {@code false} if something other than the store failed. */
  private static boolean trySave(
      Throwable e, SessionExchange exchange, HttpServletRequest request, boolean isPastAsync) {
    try {
      boolean isAsync = !isPastAsync && continues(exchange, request);
      exchange.chainReturned(isAsync && !SessionAsyncContext.isEnding(exchange));
      return true;
    } catch (Throwable unsaved) {
      // An action may rethrow the application's own failure.
      if (unsaved != e) {
        e.addSuppressed(unsaved);
      }
      return unsaved instanceof SessionStoreException;
    }
  }
}
