package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The headers that the filter adds to a response: the client's token, its version hint and, at a
 * logout, {@code Clear-Site-Data}. Created when the first of them is added. It outlives a request
 * that seemed to have ended, since the error page that a container makes then may drop them.
 *
 * <p>Guarded by the lock of the request's {@link DispatchState}.
 */
final class AddedHeaders {

  private final FilterSettings settings;

  /** The carrier of the token; null while there is none to send. */
  private @Nullable ResponseCarrier token;

  /** Whether the token replaces one of the client's that opens nothing any more. */
  private boolean isRenewed;

  /**
   * Whether this request has logged a user in. After a failure, such a token must not reach the
   * client.
   */
  private boolean isLogin;

  /** The carrier of the version hint; null while there is none to send. */
  private @Nullable ResponseCarrier hint;

  /** Asks the browser to clear its data; null while there was no logout. */
  private @Nullable SiteDataHeader siteData;

  /** The headers that the application changed, if the request has ended; else null. */
  private @Nullable ApplicationHeaders applicationHeaders;

  AddedHeaders(FilterSettings settings) {
    this.settings = settings;
  }

  /**
   * Returns a carrier of the token.
   *
   * @throws IllegalArgumentException if the filter does not have that transport
   */
  static ResponseCarrier carrier(
      FilterSettings settings, SessionTransport by, HttpServletResponse response) {
    SessionHeader header = settings.header();
    return ResponseCarrier.of(
        by,
        settings.cookie(),
        header == null ? null : header.responseName(),
        settings.manager().clock(),
        response);
  }

  /** Returns the carrier of the token. */
  ResponseCarrier token(SessionTransport by, HttpServletResponse response) {
    ResponseCarrier known = token;
    if (known == null) {
      known = carrier(settings, by, response);
      token = known;
    }
    return known;
  }

  /** Replaces the carrier of the token, which is still empty, with one of another transport. */
  void replaceToken(ResponseCarrier other) {
    token = other;
    hint = null;
  }

  /** Returns the carrier of the version hint. */
  ResponseCarrier hint(HintTransport hints, SessionTransport by, HttpServletResponse response) {
    ResponseCarrier known = hint;
    if (known == null) {
      known = hints.carrier(by, response);
      hint = known;
    }
    return known;
  }

  /** Returns whether the response gives the client a token or deletes it, or will. */
  boolean hasToken() {
    return token != null && token.isFilled();
  }

  /** Returns whether the response gives the client a hint or deletes it, or will. */
  boolean hasHint() {
    return hint != null;
  }

  /** Asks the browser to clear its data, since its user has ended the session. */
  void endedByUser(Set<SiteData> chosen, boolean isExplicit, HttpServletResponse response) {
    SiteDataHeader known = siteData;
    if (known == null) {
      known = new SiteDataHeader(chosen);
      siteData = known;
    }
    known.due(isExplicit);
    if (isExplicit) {
      known.write(response, isGivingToken());
    }
  }

  private boolean isGivingToken() {
    return token != null && token.isGiving();
  }

  /** Records that the token, if there is one, replaces the client's. */
  void tokenIsRenewed() {
    isRenewed = !isLogin && isGivingToken();
  }

  /** Records that the token is that of a login. */
  void tokenIsOfLogin() {
    isLogin = true;
    isRenewed = false;
    loggedIn();
  }

  /** Records that the session of the client's token has ended. */
  void tokenHasEnded() {
    isRenewed = false;
  }

  /** Records that a user was logged in. */
  void loggedIn() {
    if (siteData != null) {
      siteData.loggedIn();
    }
  }

  /** Writes {@code Clear-Site-Data}, if it is due. */
  void writeSiteData(HttpServletResponse response) {
    if (siteData != null) {
      siteData.write(response, isGivingToken());
    }
  }

  /** Writes again those that were dropped, changed or doubled. */
  void restore(HttpServletResponse response) {
    if (token != null) {
      token.restore();
    }
    if (hint != null) {
      hint.restore();
    }
    if (siteData != null) {
      siteData.restore(response, isGivingToken());
    }
  }

  /**
   * Writes again those that were dropped, before Undertow commits a response whose headers it may
   * have cleared.
   *
   * @param own Undertow's own response
   */
  void restoreIn(HttpServletResponse own) {
    if (token != null) {
      token.restoreIn(own);
    }
    if (hint != null) {
      hint.restoreIn(own);
    }
    if (siteData != null) {
      siteData.restore(own, isGivingToken());
    }
  }

  /**
   * Forgets token and hint after a failure, when they must not reach the client.
   *
   * @return the carrier of a token that must, since the client would be logged out without it; null
   *     if there is none
   */
  @Nullable ResponseCarrier forgetToken() {
    ResponseCarrier renewed = isRenewed && isGivingToken() ? token : null;
    token = null;
    hint = null;
    return renewed;
  }

  /** Forgets {@code Clear-Site-Data} after a failure. */
  void forgetSiteData() {
    siteData = null;
  }

  /** Returns whether a value of {@code Clear-Site-Data} is the one that was added. */
  boolean isSiteData(String value) {
    return siteData != null && siteData.isWritten(value);
  }

  /** Keeps these for an error page, beside the headers that the application has changed. */
  AddedHeaders keptBeside(@Nullable ApplicationHeaders changed) {
    applicationHeaders = changed;
    return this;
  }

  /**
   * Returns the headers that the application had changed when the request seemed to end, if any.
   */
  @Nullable ApplicationHeaders applicationHeaders() {
    return applicationHeaders;
  }

  /** Shows nothing: these hold the secret. */
  @Override
  public String toString() {
    return "AddedHeaders";
  }
}
