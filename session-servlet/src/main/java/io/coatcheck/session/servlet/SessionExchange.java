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
 * All that one filter knows of one request: what the client presented, the session, whether it was
 * saved, and the cookie that goes out.
 *
 * <p>There is one for each request and filter, through all its dispatches. It is made anew for each
 * request and never used again. Thread-safe, since a request may go on asynchronously.
 *
 * <p>The lock is the request's own, and is held for moments: what changes state takes it, releases
 * it, and only then asks the store or calls the application. So listeners, values and checks of the
 * application may wait for any other thread, whatever that does with this request or another one.
 */
final class SessionExchange implements SessionScope {

  private static final Resolution ABSENT = new Resolution.Absent();

  // A volatile write costs a fence. The constructor needs none: the request is published after it.
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

  /** Null when the request is over: a session may be kept for longer, and leads here. */
  private volatile @Nullable HttpServletRequest request;

  private final PresentedTokens presented;
  private final OutgoingResponse outgoing;

  /** Null if every client is let in. */
  private final @Nullable ClientGate gate;

  private final CurrentSession current;

  /**
   * The container's user of the request, and a session that is not that user's; null as long as
   * there is neither.
   */
  private volatile @Nullable ContainerUser user;

  /** What sees the dispatches that the container makes of the request; null before the first. */
  private @Nullable SessionRequest wrapper;

  /** How many forwards are under way whose end is seen. */
  private short observedForwards;

  private final Saving saving;

  /** Made when something is written. */
  private @Nullable CommitWatch watch;

  private volatile @Nullable SessionAsyncContext asyncContext;

  private List<RequireLogin> watchingForwards = List.of();

  /** Made when the application looks at headers. */
  private volatile @Nullable VisibleHeaders visibleHeaders;

  /**
   * Whether the request was begun by a person after the secret that it presents was replaced: it
   * found that out when it began, and was not under way before.
   */
  private volatile boolean isLaterNavigation;

  /** Whether the application was called; read and written by what begins a dispatch. */
  private boolean hasBegun;

  /** What was put into the response of a request that has ended, until it is handed over. */
  private OutgoingResponse.@Nullable Sent sent;

  /** How many dispatches of the request are under way, one within the other. */
  private short dispatches;

  /**
   * The thread of the latest dispatch; null when that is done. Each thread compares it with itself
   * alone, and so sees what it has written.
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
    outgoing = new OutgoingResponse(settings, transport, response);
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
   * Returns the request as the container gave it; null when it has ended: the container serves
   * another client with it then.
   */
  @Nullable HttpServletRequest request() {
    return request;
  }

  /** Returns the headers of a request without our own: of the same request, the same object. */
  VisibleHeaders visibleHeaders(HttpServletRequest complete) {
    VisibleHeaders known = visibleHeaders;
    if (known == null || !known.areOf(complete)) {
      known = new VisibleHeaders(complete, settings());
      visibleHeaders = known;
    }
    return known;
  }

  /** Puts the token back after the application changed headers, unless they have been sent. */
  void restoreToken() {
    run(outgoing::restoreToken);
  }

  /** Has a filter that let the request through look at what it is forwarded to. */
  void watchForwards(RequireLogin watching) {
    run(
        () -> {
          List<RequireLogin> more = new ArrayList<>(watchingForwards);
          more.add(watching);
          watchingForwards = more;
        });
  }

  /** Returns the filters that look at forwards. */
  List<RequireLogin> watchingForwards() {
    return locked(() -> watchingForwards);
  }

  /**
   * Keeps the response out of caches, also after a reset, unless the application says otherwise.
   */
  void keepOutOfCaches() {
    run(outgoing::keepOutOfCaches);
  }

  /** Returns what the application has changed of the headers. As {@link #watch()}. */
  ApplicationHeaders applicationHeaders() {
    return outgoing.applicationHeaders();
  }

  /** Returns what foresees the commit. Responses are written by one thread at a time. */
  CommitWatch watch() {
    CommitWatch known = watch;
    if (known == null) {
      known = new CommitWatch(this, outgoing.responseIfAny());
      watch = known;
    }
    return known;
  }

  /** Takes note of the wrapper in use, before the application runs. */
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
   * Finds out what the client presented, asking the store and the application: without the lock.
   *
   * @throws SessionStoreException if the store could not tell
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
   * Admits the container's user to a session. One that was nobody's gets a new secret before the
   * application sees it; where that cannot be sent any more, it is not shown.
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
      // Another request was first, and its answer brings the client the new secret.
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

  /** Returns the session that is withheld as another user's; null if there is none. */
  @Nullable Session anothersSession() {
    ContainerUser known = user;
    return known == null ? null : known.withheld();
  }

  /** Withholds no session as another user's any more. */
  void releaseAnothers() {
    ContainerUser known = user;
    if (known != null) {
      known.release();
    }
  }

  /** Records that the container may know another user of the request by now; without the lock. */
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
          // What was changed so far was changed by its own user.
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

  /** Makes a session that is about to be stored the user's. */
  void takeForUser(Session begun) {
    ContainerUser known = user;
    if (known != null && begun.isAwaitingCreation()) {
      known.take(begun);
    }
  }

  /** Keeps the answer, or the failure, unless another thread was first; with the lock. */
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

  /** Finds out what the client presented, once. The lock is held, and released meanwhile. */
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

  /** Returns whether the session of an id is the one that is withheld, as far as it is known. */
  boolean isWithholding(String id) {
    Session withheld = gate == null ? null : gate.withheld();
    return withheld != null && withheld.id().toString().equals(id);
  }

  /**
   * Returns the live session, if there is one.
   *
   * @throws SessionStoreException if the store could not tell
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
   * store is asked.
   */
  @Nullable Session findSession() {
    saving.asked();
    Session known = current.get();
    if (known != null && known.isEnded()) {
      // Another request ended it, or took it over. What the token is worth now decides whether the
      // client has a newer cookie, which a new session of this request would overwrite.
      current.drop();
      presented.reconsider();
    }
    resolveOnce();
    presented.requireAnswer();
    return current.get();
  }

  /** Returns who is logged in by us. */
  Optional<String> principal() {
    Session live = session();
    return live == null ? Optional.empty() : live.principal();
  }

  /** Returns the session of this request, if it is known by now; without asking the store. */
  @Nullable Session sessionNow() {
    return current.get();
  }

  /** Returns the user that the container knows of this request; null if there is none. */
  @Nullable String containersUser() {
    ContainerUser known = user;
    return known == null ? null : known.name();
  }

  /** Returns whether the client presented a token of a session that has ended. */
  boolean hasPresentedEnded(String id) {
    return locked(() -> presented.isOfEnded(id));
  }

  /** As {@link #principal}, without asking the store. */
  Optional<String> principalNow() {
    Session known = current.get();
    return known == null ? Optional.empty() : known.principal();
  }

  /** Returns what the client asked for, without anything secret; null if it is no token of ours. */
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

  /** Tells whether it is our cookie that the request is recognised by. */
  boolean isByCookie() {
    return !presented.areByHeader();
  }

  /**
   * Tells whether a header of the request opened a live session.
   *
   * @throws SessionStoreException if the store could not tell
   */
  boolean isLiveByHeader() {
    return presented.areByHeader() && session() != null;
  }

  /**
   * Returns whether the client may have a token that its browser did not send, because another site
   * made it send the request. Not under the lock: filters in front may have wrapped the request.
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
      return manager().createEphemeral();
    }
    Resolution found = presented.resolution();
    if (presented.hasOpened() && isReplaced(found)) {
      // This request has seen the secret replaced, so the newer token may be anywhere by now.
      return manager().createEphemeral();
    }
    if (isLaterNavigation && found.guardsNewerToken() && !isWithheld()) {
      return manager().create(ABSENT);
    }
    return manager().create(found);
  }

  private static boolean isReplaced(Resolution found) {
    return found instanceof Resolution.Superseded || found instanceof Resolution.Mismatched;
  }

  private boolean isWithheld() {
    return gate != null && gate.isWithholding();
  }

  /**
   * Returns whether another request has given the session of this one a new secret; with no session
   * since.
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
   * Takes away what the client presented and what opened nothing when it came, since it may be
   * asked for on each page. The client gets the token of the session that has begun in its place if
   * that is stored, and else none. What a page asks for beside itself takes nothing away: its
   * answer may come after that of a login.
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
   *     sent, or the request is over
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
   * {@inheritDoc} One that begins within a forward whose end is not seen is stored right away:
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
   * Tells whether the request is within a forward whose end the filter does not see. Tomcat
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

  /** {@inheritDoc} The thread of a dispatch ends the request itself; any other takes the lock. */
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

  /** Returns what gives the client another token, or takes away the one it has. */
  Credential credential() {
    return new Credential(this, presented, outgoing, current, gate);
  }

  @Override
  public void invalidate(HttpSessionView ending) {
    credential().invalidate(ending);
  }

  // Saving.

  /**
   * Saves, and puts the cookie into the response, because the response may be committed now.
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
   * Records that the application is called, for the first time or in one more dispatch.
   *
   * @param resolves whether to find out before that what the client presented. A failure waits
   *     until the application asks.
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
   * Looks whether the container knows another user of the request than in the dispatch before.
   *
   * @throws SessionStoreException if the session could not be made that user's
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

  /** Saves when the application is done, or while it goes on asynchronously on another thread. */
  void chainReturned(boolean isAsync) {
    Session saved = saving.chainReturned(isAsync);
    run(() -> saving.send(saved, isAsync));
  }

  /** Records that the dispatch is done, and all is saved. */
  void dispatchEnds(boolean isAsync) {
    endUnstored(locked(() -> end(isAsync)));
  }

  /** Does both, unless the save fails: then the dispatch has not ended. */
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
   * Forgets the request, which has ended, and all that is secret of it: what remains is what a
   * session that the application has kept leads to.
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
   * Hands over, once, what was put into the response of a request that has ended, for {@link
   * #resume}; null if it is nothing.
   */
  OutgoingResponse.@Nullable Sent takeSent() {
    OutgoingResponse.Sent taken = sent;
    if (taken != null) {
      sent = null;
    }
    return taken;
  }

  /**
   * Goes on with a request that seemed to be over: containers make their error pages after that.
   *
   * @param put as {@link #takeSent} returned it
   */
  void resume(
      HttpServletRequest again, HttpServletResponse answer, OutgoingResponse.@Nullable Sent put) {
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

  /** Returns the sessions that have to be ended with the request. */
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

  /** Ends what was begun and never stored: no store will report its end. */
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

  /** Does what must not be reported as done if the store fails. */
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

  /** Answers 503 for a failure that the application let pass, unless it is too late for that. */
  boolean answersUnavailable(SessionStoreException e) {
    return locked(
        () -> {
          outgoing.fail(e);
          return outgoing.isAnswered();
        });
  }

  /** Does something under the lock that neither asks the store nor calls the application. */
  void run(Runnable work) {
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #run}, and returns what that returns. */
  <T extends @Nullable Object> T locked(Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  /** Tells nothing: it holds the secret. */
  @Override
  public String toString() {
    return "SessionExchange";
  }
}
