package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Enumeration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the client presented in a request, and how it was resolved. Guarded by the lock of the
 * request's {@link DispatchState}.
 */
final class PresentedTokens extends PresentedValues {

  private static final Resolution ABSENT = new Resolution.Absent();

  private final FilterSettings settings;

  private @Nullable Resolution resolution;

  /** Also read without the lock. */
  private volatile @Nullable SessionStoreException failure;

  private @Nullable SessionId requestedId;
  private long requestedGeneration;
  private boolean isByHeader;
  private boolean isPassive;

  /** Checks the client; null if every client is admitted. */
  private @Nullable ClientGate gate;

  /**
   * Whether a person began the request after the secret that it presents was replaced. This is
   * known when the request begins, and then it did not overlap the replacement.
   */
  private volatile boolean isLater;

  /**
   * All values under the name of the session cookie, if these may be more than are resolved; else
   * empty.
   */
  private List<String> everything = List.of();

  PresentedTokens(FilterSettings settings) {
    this.settings = settings;
  }

  /**
   * Reads what a request presents.
   *
   * @return the transport: the header if one carries a Coatcheck token, or else the cookie
   */
  SessionTransport readFrom(HttpServletRequest request) {
    SessionTransport transport = readAll(SessionRequest.complete(request));
    isByHeader = transport == SessionTransport.HEADER;
    begin(request);
    return transport;
  }

  private void begin(HttpServletRequest request) {
    if (isPresent()) {
      isPassive = isPassive(request);
      if (gate == null) {
        gate = gateFor(request);
      }
    }
  }

  private boolean isPassive(HttpServletRequest request) {
    Activity activity = settings.activity();
    return activity != null && !activity.isCountedFor(request);
  }

  private @Nullable ClientGate gateFor(HttpServletRequest request) {
    ClientCheck check = settings.clientCheck();
    return check == null ? null : new ClientGate(check, settings.problems(), request);
  }

  /** What must be known about a request that presents a token. */
  record Presenter(boolean isPassive, @Nullable ClientGate gate) {}

  /**
   * Returns what must be known about a request. Not under the lock: earlier filters may have
   * wrapped the request.
   */
  Presenter presenter(HttpServletRequest request) {
    return new Presenter(isPassive(request), gateFor(request));
  }

  /** Adds a token to a request that presents none, as if the client had presented it. */
  void add(SessionToken token, Presenter by) {
    String text = token.value();
    addText(text, 0, text.length());
    isPassive = by.isPassive();
    if (gate == null) {
      gate = by.gate();
    }
    reconsider();
  }

  /** Returns whether they came in the header; else in the cookie. */
  boolean areByHeader() {
    return isByHeader;
  }

  FilterSettings settings() {
    return settings;
  }

  private SessionTransport readAll(HttpServletRequest request) {
    SessionHeader header = settings.header();
    SessionCookie cookie = settings.cookie();
    HintTransport hinted = settings.hints();
    List<String> tokens = header == null ? List.of() : header.tokensIn(request);
    if (tokens.isEmpty() && cookie != null) {
      String hintName = hinted == null ? null : hinted.cookieName();
      CookieHeader.read(request.getHeaders("Cookie"), cookie.name(), hintName, this);
      if (isIncomplete()) {
        everything = CookieHeader.all(request.getHeaders("Cookie"), cookie.name());
      }
      return SessionTransport.COOKIE;
    }
    tokens.forEach(token -> addText(token, 0, token.length()));
    if (isIncomplete()) {
      everything = tokens;
    }
    if (hinted != null && header != null && !tokens.isEmpty()) {
      Enumeration<String> values = request.getHeaders(header.hintName());
      while (values != null && values.hasMoreElements()) {
        addHint(values.nextElement());
      }
    }
    return SessionTransport.HEADER;
  }

  /**
   * Forgets the texts, since the request has ended. If they were never resolved, the request keeps
   * no session, and a late logout must still find out what to end.
   */
  @Override
  void forget() {
    if (resolution != null || requestedId != null) {
      super.forget();
      everything = List.of();
    }
  }

  /**
   * Returns the tokens that may open sessions beside the resolved one: all that the client
   * presents, unless it presents only one, which was resolved.
   */
  List<String> beside() {
    List<String> all = everything.isEmpty() ? texts() : everything;
    if (everything.isEmpty() && all.size() == 1) {
      return List.of();
    }
    return all.stream().filter(text -> SessionToken.parse(text).isPresent()).distinct().toList();
  }

  /** Returns those of {@link #beside} that name a session. */
  List<String> beside(SessionId id) {
    return beside().stream()
        .filter(text -> SessionToken.parse(text).filter(token -> token.id().equals(id)).isPresent())
        .toList();
  }

  /**
   * Returns whether the client has a value under the name of the session cookie to forget at a
   * logout.
   */
  boolean isToBeForgotten() {
    return isPresent() || isIncomplete();
  }

  /** Returns whether the client presented anything as a version hint. */
  boolean hasHints() {
    return !hints().isEmpty();
  }

  boolean areResolved() {
    return resolution != null;
  }

  /**
   * Resolves them in the store, and checks the client. Changes nothing that the lock guards.
   *
   * @throws SessionStoreException if the store failed
   */
  Resolution resolve() {
    Resolution found = resolveAgain();
    return gate != null && found instanceof Resolution.Live live
        ? gate.admit(live, settings.manager())
        : found;
  }

  /** Resolves what a client that was checked has presented. */
  Resolution resolveAgain() {
    return isPassive
        ? settings.manager().adapter().resolveWithoutActivity(texts(), hints())
        : resolveBy(settings.manager());
  }

  /** Returns whether the client may use a session that one of them opens. */
  boolean isAdmittedTo(Resolution.Live live) {
    return gate == null || gate.admit(live, settings.manager()) instanceof Resolution.Live;
  }

  /** Returns the session that is withheld until its principal logs in; null if there is none. */
  @Nullable Session withheld() {
    return gate == null ? null : gate.withheld();
  }

  /** Stops withholding a session until its principal logs in. */
  void releaseWithheld() {
    if (gate != null) {
      gate.release();
    }
  }

  /** Keeps the resolution. */
  void accept(Resolution found) {
    resolution = found;
    if (found instanceof Resolution.Live live && requestedId == null) {
      requestedId = live.session().id();
      requestedGeneration = live.session().generation();
    }
  }

  /** Records that the store failed to resolve them, or failed to end the session. */
  void fail(@Nullable SessionStoreException e) {
    failure = e;
    resolution = ABSENT;
  }

  /** Returns whether the store failed; also without the lock. */
  boolean hasFailed() {
    return failure != null;
  }

  /**
   * Throws the failure of the store, if there was one.
   *
   * @throws SessionStoreException if the store failed
   */
  void requireAnswer() {
    SessionStoreException known = failure;
    if (known != null) {
      throw known;
    }
  }

  /** Returns how they resolve for a session that begins now. */
  Resolution resolution() {
    return resolution == null ? ABSENT : resolution;
  }

  /** Returns whether their secret was replaced by another request. */
  boolean areReplaced() {
    return resolution() instanceof Resolution.Superseded
        || resolution() instanceof Resolution.Mismatched;
  }

  /** Returns whether they name a session that they have not opened. */
  boolean areDead() {
    return !hasOpened() && resolution().id().isPresent();
  }

  /**
   * Records whether a person began the request after the secret that it presents was replaced. Such
   * a request did not overlap the replacement.
   */
  void markLater(boolean isByPerson) {
    isLater = isByPerson;
  }

  /** Creates the session that follows from how they resolve. */
  Session createSession() {
    if (hasOpened() && areReplaced()) {
      // This request has seen that the secret was replaced, so the client may have the newer token
      // by now.
      return settings.manager().adapter().createEphemeral();
    }
    boolean isFree = isLater && resolution().guardsNewerToken() && withheld() == null;
    return settings.manager().adapter().create(isFree ? ABSENT : resolution());
  }

  /** Records that this request is finished with them: a login or a logout replaced them. */
  void settle() {
    resolution = ABSENT;
  }

  /** Records that they may resolve differently by now. */
  void reconsider() {
    resolution = null;
  }

  /**
   * Returns the requested session id, without the secret; null if it does not have the form of a
   * Coatcheck token.
   */
  @Nullable String requestedText() {
    if (requestedId != null) {
      return ShownId.textOf(requestedId, requestedGeneration);
    }
    return texts().stream()
        .map(SessionToken::parse)
        .flatMap(Optional::stream)
        .findFirst()
        .map(token -> token.id().toString())
        .orElse(null);
  }

  /** Returns whether they opened a session when this request first resolved them. */
  boolean hasOpened() {
    return requestedId != null;
  }

  /** Returns whether they name the session with this id, and it has ended. */
  boolean isOfEnded(String id) {
    SessionId ended = null;
    if (resolution instanceof Resolution.Unknown unknown) {
      ended = unknown.sessionId();
    } else if (resolution instanceof Resolution.Expired expired) {
      ended = expired.sessionId();
    }
    return ended != null && ended.toString().equals(id);
  }

  /** Returns whether they opened this session. */
  boolean opened(Session session) {
    return session.id().equals(requestedId);
  }
}
