package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state that one filter keeps for one request: what the client presented, the session, whether
 * it was saved, and the outgoing cookie.
 *
 * <p>There is one for each request and filter, through all dispatches of the request. It is never
 * reused. Thread-safe, since a request may continue asynchronously.
 *
 * <p>Each request has its own lock, which is held only briefly: code that changes state takes it
 * and releases it before it uses the store or calls the application. So the application's
 * listeners, values and checks may wait for any other thread, whatever that thread does with this
 * request or another one.
 */
final class SessionExchange implements SessionScope {

  private static final Resolution ABSENT = new Resolution.Absent();

  // A volatile write costs a fence, which the constructor does not need: the request is published
  // later.
  private static final VarHandle REQUEST;

  static {
    try {
      MethodHandles.Lookup fields = MethodHandles.lookup();
      REQUEST = fields.findVarHandle(SessionExchange.class, "request", HttpServletRequest.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final SessionListeners listeners;

  /** Null when the request has ended: a session that is kept for longer refers to this object. */
  private volatile @Nullable HttpServletRequest request;

  private final PresentedTokens presented;
  private final OutgoingToken outgoing;

  /** Null if every client is admitted. */
  private final @Nullable ClientGate gate;

  private final CurrentSession current;

  /**
   * The container's user of the request, and a session that belongs to another user; null while
   * there is neither.
   */
  private volatile @Nullable ContainerUser user;

  /** The wrapper that sees the container's dispatches of the request; null before the first. */
  private @Nullable SessionRequest wrapper;

  /** The number of forwards under way whose end is seen. */
  private short observedForwards;

  private final Saving saving;

  /** Created when something is written. */
  private @Nullable CommitWatch watch;

  private volatile @Nullable SessionAsyncContext asyncContext;

  private List<RequireLogin> watchingForwards = List.of();

  /** Created when the application reads headers. */
  private volatile @Nullable VisibleHeaders visibleHeaders;

  /**
   * Whether a person began the request after the secret that it presents was replaced. This is
   * known when it begins; it was not under way before.
   */
  private volatile boolean isLaterNavigation;

  /** Whether the application was called; read and written at the beginning of a dispatch. */
  private boolean hasBegun;

  /** What was added to the response of a request that has ended, until it is taken. */
  private OutgoingToken.@Nullable Sent sent;

  /** The number of dispatches of the request under way, one within the other. */
  private short dispatches;

  /**
   * The thread of the latest dispatch; null when that has ended. A thread compares it only with
   * itself, and always sees its own writes.
   */
  private @Nullable Thread thread;

  SessionExchange(
      FilterSettings settings,
      SessionListeners listeners,
      HttpServletRequest request,
      HttpServletResponse response) {
    this.listeners = listeners;
    REQUEST.set(this, request);
    current = new CurrentSession(this);
    presented = new PresentedTokens(settings);
    SessionTransport transport = presented.readFrom(request);
    ClientCheck check = settings.clientCheck();
    gate = check == null || !presented.areAny() ? null : new ClientGate(check, request);
    outgoing = new OutgoingToken(settings, transport, response);
    String name = ContainerUser.ofDispatch(request);
    if (name != null) {
      user = new ContainerUser(name);
    }
    saving = new Saving(this, current, outgoing);
  }

  FilterSettings settings() {
    return presented.settings();
  }

  @Override
  public SessionManager manager() {
    return settings().manager();
  }

  @Override
  public SessionListeners listeners() {
    return listeners;
  }

  @Override
  public ServletContext servletContext() {
    return listeners.servletContext();
  }

  /**
   * Returns the container's original request; null when it has ended, since the container then
   * reuses the object for another client.
   */
  @Nullable HttpServletRequest request() {
    return request;
  }

  /** Returns the headers of a request without ours: the same object for the same request. */
  VisibleHeaders visibleHeaders(HttpServletRequest complete) {
    VisibleHeaders known = visibleHeaders;
    if (known == null || !known.areOf(complete)) {
      known = new VisibleHeaders(complete, settings());
      visibleHeaders = known;
    }
    return known;
  }

  /** Restores the token after the application changed headers, unless they have been sent. */
  void restoreToken() {
    run(outgoing::restoreToken);
  }

  /** Registers a filter that admitted the request, to check the targets of its forwards. */
  void watchForwards(RequireLogin watching) {
    run(
        () -> {
          List<RequireLogin> more = new ArrayList<>(watchingForwards);
          more.add(watching);
          watchingForwards = more;
        });
  }

  /** Returns the filters that check forwards. */
  List<RequireLogin> watchingForwards() {
    return locked(() -> watchingForwards);
  }

  /**
   * Keeps the response out of caches, even after a reset, unless the application sets a caching
   * header.
   */
  void keepOutOfCaches() {
    run(outgoing::keepOutOfCaches);
  }

  /** Returns what the application has changed of the headers. As {@link #watch()}. */
  ApplicationHeaders applicationHeaders() {
    return outgoing.applicationHeaders();
  }

  /** Returns the watch that predicts the commit. Responses are written by one thread at a time. */
  CommitWatch watch() {
    CommitWatch known = watch;
    if (known == null) {
      known = new CommitWatch(this, outgoing.responseIfAny());
      watch = known;
    }
    return known;
  }

  /** Records the wrapper in use, before the application runs. */
  void wrappedBy(SessionRequest request) {
    wrapper = request;
  }

  @Nullable SessionAsyncContext asyncContext() {
    return asyncContext;
  }

  void asyncContext(SessionAsyncContext context) {
    asyncContext = context;
  }

  // What the client presented.

  /**
   * Resolves what the client presented, with the store and the application; without the lock.
   *
   * @throws SessionStoreException if the store failed
   */
  private Resolution ask() {
    Resolution found = presented.ask();
    if (gate != null && found instanceof Resolution.Live live) {
      found = gate.admit(live, manager());
    }
    if (found instanceof Resolution.Live live) {
      return admitUser(live);
    }
    return found;
  }

  /**
   * Admits the container's user to a session. A session without a user gets a new secret before the
   * application sees it; if the secret can no longer be sent, the session is not shown.
   */
  private Resolution admitUser(Resolution.Live resolved) {
    Session live = resolved.session();
    ContainerUser.Relation relation = ContainerUser.relation(containersUser(), live);
    if (relation == ContainerUser.Relation.OWN) {
      return resolved;
    }
    if (relation == ContainerUser.Relation.ANOTHERS || isTooLateToStore() || !user().take(live)) {
      user().withhold(live);
      return ABSENT;
    }
    String oldId = HttpSessionView.textOf(live);
    if (!manager().renew(live)) {
      // Another request was first, and its response gives the client the new secret.
      Resolution again = presented.ask();
      return again instanceof Resolution.Live ? ABSENT : again;
    }
    if (listeners.hearOfIds()) {
      listeners.idChanged(viewOf(live), oldId);
    }
    return resolved;
  }

  private ContainerUser user() {
    return locked(
        () -> {
          ContainerUser known = user;
          if (known == null) {
            known = new ContainerUser(null);
            user = known;
          }
          return known;
        });
  }

  /**
   * Returns the session that is withheld because it belongs to another user; null if there is none.
   */
  @Nullable Session anothersSession() {
    ContainerUser known = user;
    return known == null ? null : known.withheld();
  }

  /** Stops withholding a session that belongs to another user. */
  void releaseAnothers() {
    ContainerUser known = user;
    if (known != null) {
      known.release();
    }
  }

  /** Records that the container may have another user for the request by now; without the lock. */
  void userIs(@Nullable String name) {
    ContainerUser next = user();
    next.name(name);
    if (name != null) {
      run(outgoing::loggedIn);
    }
    Session known = session();
    if (known == null) {
      if (next.withheld() != null) {
        next.release();
        run(presented::reconsider);
        session();
      }
    } else if (known.isStored() || known.isAwaitingCreation()) {
      ContainerUser.Relation relation = next.to(known);
      if (relation == ContainerUser.Relation.NOBODYS && next.take(known)) {
        credential().renew(known);
      } else if (relation != ContainerUser.Relation.OWN) {
        if (known.isStored()) {
          // The changes so far were made by its own user.
          current.whileSaved(known, () -> manager().save(known));
          current.settleUnsaved();
        }
        next.withhold(known);
        run(
            () -> {
              current.forget();
              presented.settle();
            });
      }
    }
  }

  /** Assigns a session that is about to be stored to the user. */
  void takeForUser(Session begun) {
    ContainerUser known = user;
    if (known != null && begun.isAwaitingCreation()) {
      known.take(begun);
    }
  }

  /** Keeps the resolution, or the failure, unless another thread was first; with the lock. */
  private void learn(@Nullable Resolution found, @Nullable SessionStoreException failure) {
    if (presented.areResolved()) {
      return;
    }
    if (found == null) {
      presented.fail(failure);
    } else {
      presented.learn(found);
      if (found instanceof Resolution.Live live) {
        current.begin(live.session());
        outgoing.carryTokenOf(live.session());
      }
    }
  }

  /**
   * Resolves what the client presented, once. The caller holds the lock, which is released
   * meanwhile.
   */
  private void resolveOnce() {
    if (presented.areResolved()) {
      return;
    }
    if (!presented.areAny()) {
      presented.settle();
      return;
    }
    Resolution found = null;
    SessionStoreException failure = null;
    lock.unlock();
    try {
      found = ask();
    } catch (SessionStoreException e) {
      failure = e;
    } finally {
      lock.lock();
    }
    learn(found, failure);
  }

  /** Returns whether a session is withheld from this request until its principal logs in again. */
  boolean isWithholding() {
    return locked(
        () -> {
          findSession();
          return gate != null && gate.isWithholding();
        });
  }

  /** Returns whether the session with this id is the withheld one, as far as is known. */
  boolean isWithholding(String id) {
    Session withheld = gate == null ? null : gate.withheld();
    return withheld != null && withheld.id().toString().equals(id);
  }

  /**
   * Returns the live session, if there is one.
   *
   * @throws SessionStoreException if the store failed
   */
  @Nullable Session session() {
    lock.lock();
    try {
      return findSession();
    } finally {
      lock.unlock();
    }
  }

  /**
   * As {@link #session()}, for a caller that holds the lock, once. The lock is released while the
   * store is used.
   */
  @Nullable Session findSession() {
    saving.asked();
    Session known = current.get();
    if (known != null && known.isEnded()) {
      // Another request ended it, or took it over. How the token resolves now decides whether the
      // client has a newer cookie, which a new session of this request would overwrite.
      current.drop();
      presented.reconsider();
    }
    resolveOnce();
    presented.requireAnswer();
    return current.get();
  }

  /** Returns the principal logged in through Coatcheck. */
  Optional<String> principal() {
    Session live = session();
    return live == null ? Optional.empty() : live.principal();
  }

  /** Returns the session of this request, if it is known by now; without using the store. */
  @Nullable Session sessionNow() {
    return current.get();
  }

  /** Returns the container's user of this request; null if there is none. */
  @Nullable String containersUser() {
    ContainerUser known = user;
    return known == null ? null : known.name();
  }

  /** Returns whether the client presented a token of a session that has ended. */
  boolean hasPresentedEnded(String id) {
    return locked(() -> presented.isOfEnded(id));
  }

  /** As {@link #principal}, without using the store. */
  Optional<String> principalNow() {
    Session known = current.get();
    return known == null ? Optional.empty() : known.principal();
  }

  /**
   * Returns the requested session id, without the secret; null if the client presented no token of
   * ours.
   */
  @Nullable String requestedSessionId() {
    return locked(
        () -> {
          resolveOnce();
          return presented.requestedText();
        });
  }

  boolean isRequestedSessionIdValid() {
    Session live = session();
    return live != null
        && presented.opened(live)
        && manager().clock().instant().isBefore(live.expiresAt());
  }

  boolean hasPresented() {
    return presented.areAny();
  }

  /** Returns whether the request is recognized by our cookie. */
  boolean isByCookie() {
    return !presented.areByHeader();
  }

  /**
   * Returns whether a header of the request opened a live session.
   *
   * @throws SessionStoreException if the store failed
   */
  boolean isLiveByHeader() {
    return presented.areByHeader() && session() != null;
  }

  /**
   * Returns whether the client may have a token that its browser did not send, because another site
   * made it send the request. Not under the lock: earlier filters may have wrapped the request.
   */
  private boolean isCookieWithheld() {
    SessionCookie cookie = settings().cookie();
    HttpServletRequest now = request;
    return cookie != null
        && now != null
        && !presented.areAny()
        && WithheldCookie.isWithheld(now, cookie.sameSite(), settings().crossOrigin())
        && !settings().crossSiteLogins().matches(now);
  }

  private Session begin(boolean isCookieWithheld) {
    if (isCookieWithheld) {
      WithheldCookie.log();
      return manager().adapter().createEphemeral();
    }
    Resolution found = presented.resolution();
    if (presented.hasOpened() && isReplaced(found)) {
      // This request has seen that the secret was replaced, so the client may have the newer token
      // by now.
      return manager().adapter().createEphemeral();
    }
    if (isLaterNavigation && found.guardsNewerToken() && !isWithheld()) {
      return manager().adapter().create(ABSENT);
    }
    return manager().adapter().create(found);
  }

  private static boolean isReplaced(Resolution found) {
    return found instanceof Resolution.Superseded || found instanceof Resolution.Mismatched;
  }

  private boolean isWithheld() {
    return gate != null && gate.isWithholding();
  }

  /**
   * Returns whether another request has given this request's session a new secret, and this request
   * has had no session since.
   */
  boolean isRekeyed() {
    return locked(() -> findSession() == null && isReplaced(presented.resolution()));
  }

  // What the application does.

  /** Returns what the application sees of a session of this request. */
  HttpSessionView viewOf(Session seen) {
    return locked(() -> current.viewOf(seen));
  }

  @Nullable HttpSessionView view(boolean create) {
    HttpSessionView view;
    Session live;
    boolean isBegun = false;
    boolean isByDeadToken = false;
    boolean isCookieWithheld = create && isCookieWithheld();
    lock.lock();
    try {
      live = findSession();
      if (live == null) {
        if (!create) {
          return null;
        }
        outgoing.requireUncommitted("create a session");
        live = begin(isCookieWithheld);
        current.beginDraft(live);
        isByDeadToken =
            !live.isEphemeral()
                && !presented.hasOpened()
                && presented.resolution().id().isPresent();
        if (settings().storeEmptySessions()) {
          live.keep();
        }
        isBegun = true;
      }
      view = current.viewOf(live);
    } finally {
      lock.unlock();
    }
    if (isByDeadToken) {
      deleteDeadToken(live);
    }
    if (isBegun) {
      listeners.created(view);
      relied(live);
    }
    return view;
  }

  /**
   * Deletes a presented token that opened nothing, since each page may look it up again. If the new
   * session is stored, the client gets its token instead. Background requests of a page delete
   * nothing: their response may come after that of a login.
   */
  private void deleteDeadToken(Session begun) {
    HttpServletRequest now = request;
    if (now != null && !Navigation.isMadeByPage(now)) {
      run(
          () -> {
            if (current.get() == begun && !begun.isStored()) {
              outgoing.deleteToken(presented);
            }
          });
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if it would create the session, whose cookie can no longer be
   *     sent, or the request has ended
   */
  @Override
  public void requireUsable(Session changed) {
    run(
        () -> {
          if (outgoing.isReleased() && !changed.isEnded()) {
            throw new IllegalStateException(
                "the request is over, and what is changed of its session now would be lost: "
                    + changed.id()
                    + ". Outside of a request, use HttpSession.getAccessor()");
          }
          if (!changed.isStored() && !changed.isEphemeral() && !changed.isEnded()) {
            outgoing.requireUncommitted(
                "store a new session",
                ", or have every session stored as soon as it is begun:"
                    + " SessionFilterBuilder.storeEmptySessions(true)");
          }
        });
  }

  @Override
  public boolean isTooLateToStore() {
    return locked(outgoing::isCommitted);
  }

  /**
   * {@inheritDoc} A session that begins within a forward whose end is not seen is stored at once:
   * later, its cookie could not be sent.
   */
  @Override
  public void relied(Session begun) {
    if (begun.isAwaitingCreation() && isInUnobservedForward()) {
      beforeCommit();
    }
  }

  @Override
  public void storeNow(Session used) {
    run(
        () -> {
          used.keep();
          beforeCommit();
        });
  }

  @Override
  public <T> T step(Session used, Supplier<T> step) {
    requireUsable(used);
    run(saving::asked);
    return orFail(() -> current.whileSaved(used, step));
  }

  /**
   * Returns whether the request is within a forward whose end the filter does not see. Tomcat
   * suspends the response when a forward ends; after that no cookie can be sent.
   */
  boolean isInUnobservedForward() {
    return locked(
        () ->
            observedForwards == 0
                && !outgoing.isReleased()
                && wrapper != null
                && wrapper.getAttribute(RequestDispatcher.FORWARD_REQUEST_URI) != null);
  }

  /** Begins a forward whose end the filter sees. */
  void forwardBegins() {
    run(() -> observedForwards++);
  }

  /** Ends such a forward. */
  void forwardEnds() {
    run(() -> observedForwards--);
  }

  /**
   * Checks that a token can still be sent.
   *
   * @param what is to be done, for the message
   * @throws IllegalStateException if it cannot
   */
  void requireUncommitted(String what) {
    run(() -> outgoing.requireUncommitted(what));
  }

  /** Returns whether the request has ended, so that the container's objects serve another one. */
  @Override
  public boolean isOver() {
    return outgoing.isReleased();
  }

  /**
   * {@inheritDoc} The thread of a dispatch ends the request itself; any other thread takes the
   * lock.
   */
  @Override
  public boolean hasEndedMeanwhile() {
    return !isOn(Thread.currentThread()) && locked(outgoing::isReleased);
  }

  @Override
  public boolean isOn(Thread other) {
    return thread == other;
  }

  /**
   * Checks that the request has not ended.
   *
   * @param what is to be done, for the message
   * @throws IllegalStateException if it has
   */
  void requireUnderWay(String what) {
    if (isOver()) {
      throw new IllegalStateException("it is too late to " + what + ": the request is over");
    }
  }

  /** Returns the object that replaces or deletes the client's token. */
  RequestAuthenticator credential() {
    return new RequestAuthenticator(this, presented, outgoing, current, gate);
  }

  @Override
  public void invalidate(HttpSessionView ending) {
    credential().invalidate(ending);
  }

  // Saving.

  /**
   * Saves, and adds the cookie to the response, because the response may be committed now.
   *
   * @throws SessionStoreException if it could not be saved; the response is answered with 503
   */
  void beforeCommit() {
    Session saved = saving.beforeCommit();
    lock.lock();
    try {
      saving.send(saved, false);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Records that the application is called, for the first time or in another dispatch.
   *
   * @param resolves whether to resolve the presented tokens before that. A failure is kept until
   *     the application asks for the session.
   * @return whether it was called before
   */
  boolean dispatchBegins(boolean resolves) {
    Resolution found = null;
    SessionStoreException failure = null;
    // No other thread knows of a request whose first dispatch begins.
    boolean asks = resolves && presented.areAny() && !presented.areResolved();
    if (asks) {
      try {
        found = ask();
      } catch (SessionStoreException e) {
        failure = e;
      }
    }
    HttpServletRequest now = request;
    if (found != null && found.guardsNewerToken() && !hasBegun && now != null) {
      isLaterNavigation = Navigation.isOwn(now);
    }
    boolean isFirst = !hasBegun;
    if (isFirst) {
      enter(asks, found, failure);
    } else {
      run(() -> enter(false, null, null));
    }
    if (isFirst && now != null) {
      settings().containerSession().begin(now, this);
    }
    hasBegun = true;
    return !isFirst;
  }

  private void enter(
      boolean asked, @Nullable Resolution found, @Nullable SessionStoreException failure) {
    if (asked) {
      learn(found, failure);
    }
    dispatches++;
    thread = Thread.currentThread();
    outgoing.release(false);
  }

  /**
   * Checks whether the container has another user for the request than in the previous dispatch.
   *
   * @throws SessionStoreException if the session could not be assigned to that user
   */
  void compareUser() {
    HttpServletRequest now = request;
    if (now != null) {
      String name = ContainerUser.ofDispatch(now);
      if (!Objects.equals(name, containersUser())) {
        userIs(name);
      }
    }
  }

  /**
   * Saves when the application has returned, even if it continues asynchronously on another thread.
   */
  void chainReturned(boolean isAsync) {
    Session saved = saving.chainReturned(isAsync);
    run(() -> saving.send(saved, isAsync));
  }

  /** Records that the dispatch has ended, and all is saved. */
  void dispatchEnds(boolean isAsync) {
    endUnstored(locked(() -> end(isAsync)));
  }

  /** Saves and ends the dispatch. If the save fails, the dispatch has not ended. */
  void dispatchReturned(boolean isAsync) {
    List<HttpSessionView> unstored;
    Session saved = saving.chainReturned(isAsync);
    lock.lock();
    try {
      saving.send(saved, isAsync);
      unstored = end(isAsync);
    } finally {
      lock.unlock();
    }
    endUnstored(unstored);
  }

  /**
   * Forgets the request, which has ended, and its secrets. What remains is reachable from a session
   * that the application has kept.
   */
  private void forgetRequest() {
    thread = null;
    REQUEST.setRelease(this, null);
    wrapper = null;
    watch = null;
    if (asyncContext != null) {
      asyncContext = null;
    }
    if (visibleHeaders != null) {
      visibleHeaders = null;
    }
    presented.forget();
    sent = outgoing.forget();
  }

  /**
   * Returns, once, what was added to the response of a request that has ended, for {@link #resume};
   * null if nothing was.
   */
  OutgoingToken.@Nullable Sent takeSent() {
    OutgoingToken.Sent taken = sent;
    if (taken != null) {
      sent = null;
    }
    return taken;
  }

  /**
   * Resumes a request that seemed to have ended: containers make their error pages after that.
   *
   * @param put as {@link #takeSent} returned it
   */
  void resume(
      HttpServletRequest again, HttpServletResponse answer, OutgoingToken.@Nullable Sent put) {
    run(
        () -> {
          if (request == null) {
            request = again;
            if (presented.areForgotten()) {
              presented.readFrom(again);
            }
            outgoing.resume(answer, put);
          }
        });
  }

  private List<HttpSessionView> end(boolean isAsync) {
    dispatches--;
    if (dispatches == 0) {
      thread = null;
    }
    return release(dispatches == 0 && !isAsync);
  }

  /** Returns the sessions that must end with the request. */
  private List<HttpSessionView> release(boolean isOver) {
    outgoing.release(isOver);
    if (!isOver) {
      return List.of();
    }
    current.closeViews();
    List<HttpSessionView> unstored = current.takeUnstored();
    if (!unstored.isEmpty()) {
      presented.settle();
    }
    forgetRequest();
    return unstored;
  }

  /** Saves when an asynchronous request has been completed. */
  void completed() {
    try {
      saving.completed();
    } finally {
      endUnstored(locked(() -> release(dispatches == 0)));
      sent = null;
    }
  }

  /** Ends sessions that were begun and never stored: no store will report their end. */
  private void endUnstored(List<HttpSessionView> unstored) {
    for (HttpSessionView ending : unstored) {
      listeners.endOwn(
          new EndedSession(ending, ending.values()),
          true,
          () -> manager().invalidate(ending.session()));
    }
    if (outgoing.isReleased()) {
      current.abandonUnsaved();
    }
  }

  // Failure.

  /** Runs work that must not be reported as done if the store fails. */
  <T extends @Nullable Object> T orFail(Supplier<T> work) {
    try {
      return work.get();
    } catch (SessionStoreException e) {
      throw fail(e);
    }
  }

  /** Remembers a failure and answers 503, if that is still possible. */
  SessionStoreException fail(SessionStoreException e) {
    return locked(() -> outgoing.fail(e));
  }

  /**
   * Answers 503 for a failure that the application did not handle, unless it is too late for that.
   */
  boolean answersUnavailable(SessionStoreException e) {
    return locked(
        () -> {
          outgoing.fail(e);
          return outgoing.isAnswered();
        });
  }

  /** Runs work under the lock that neither uses the store nor calls the application. */
  void run(Runnable work) {
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #run}, and returns the result. */
  <T extends @Nullable Object> T locked(Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  /** Shows nothing: it holds the secret. */
  @Override
  public String toString() {
    return "SessionExchange";
  }
}
