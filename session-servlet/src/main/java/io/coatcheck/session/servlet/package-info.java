/**
 * Sessions for servlets: one filter, and the types that belong to it.
 *
 * <p><b>Where to begin reading.</b> {@link io.coatcheck.session.servlet.SessionFilter} wraps the
 * request and the response, and {@code Dispatch} passes them on. What they share is the {@code
 * SessionExchange}, whose fields are the parts of a request; each part has one concern, and all use
 * the lock of the {@code DispatchState}.
 *
 * <p><b>The path of one request.</b> {@code SessionFilter.doFilter} begins a {@code
 * SessionExchange}, for which {@code PresentedTokens} reads the cookie or the header. {@code
 * Dispatch.guarded} has {@code RequestResolver} resolve that with the manager, and calls the
 * application. It gets a {@code SessionRequest}, whose {@code getSession} returns the {@code
 * HttpSessionView} of the {@code CurrentSession}. Each way to commit ends in {@code
 * CommitSave.beforeCommit}, and the return of the application in {@code CommitSave.chainReturned}.
 * Both call {@code SessionManager.save}; {@code SessionWriter} writes to the store. Then {@code
 * OutgoingToken} adds the token to the response.
 *
 * <p><b>The parts.</b>
 *
 * <ul>
 *   <li><b>Front</b>, what an application configures and calls: {@code SessionFilter}, {@code
 *       SessionFilterBuilder} and {@code InitParameters} fill the {@code FilterSettings}. {@code
 *       WebSession} has the operations beyond the Servlet API, and lists each {@code OwnSession} by
 *       {@code UserSessions}; {@code BridgeRequest} is the part of them that only bridges to other
 *       systems need. {@code Registration} adds the filters to an application. {@code CookiesInUse}
 *       and {@code IgnoredContainerSettings} warn of wrong set-ups, and {@code PlainHttp} of a site
 *       without TLS. {@code FilterLog} is the log of all parts.
 *   <li><b>Dispatch</b>, one request from its first dispatch to its end: {@code Dispatch}, {@code
 *       DispatchState}, {@code SessionExchange}, {@code RequestResolver}, {@code RequestedSession},
 *       {@code SessionOpening}, {@code CurrentSession} and {@code CommitSave}. {@code
 *       RequestAuthenticator} logs in and renews, {@code RequestLogout} ends; {@code BeforeCommit}
 *       and {@code BeforeLogout} hold what a bridge has registered to be done first. {@code
 *       ContainerUser} is a user whom the container has authenticated, {@code UserAdmission} admits
 *       that user to a session, and {@code ContainerSession} is the container's own session. The
 *       wrappers are {@code SessionRequest}, a {@code TokenlessRequest}, whose {@code
 *       VisibleHeaders} leave out the token; {@code SessionResponse}, with {@code
 *       CommittingOutputStream}, {@code CommittingWriter} and the {@code CommitWatch} that predicts
 *       a commit; and {@code SessionAsyncContext}, whose {@code AsyncCycle} knows what ends the
 *       request, and {@code AsyncTarget} where a dispatch goes. {@code ErrorResponse} answers 503,
 *       and {@code FieldHandles} are for fields that are written without a fence.
 *   <li><b>Contract</b>, {@code HttpSession} and its listeners: {@code HttpSessionView} and {@code
 *       EndedSession}, used within a {@code SessionScope}, which is a request or an {@code
 *       AccessorScope} of a {@code SessionAccessor}. {@code DeferredAttributes} and {@code
 *       AtomicAttributes} change attributes. {@code SharedSession} is what the requests of one
 *       session share, {@code SharedSessions} finds it, {@code ShownId} is its id. Each object that
 *       shows a session is a {@code ShownSession}, and equal to the others of that session. {@code
 *       Servlet61SessionView} and {@code Servlet61SharedSession} add what Servlet 6.1 adds. {@code
 *       SessionListeners} notifies the {@code RegisteredListeners}, among them each {@code
 *       AttributeRemovalListener}, with {@code ContainerListeners}, {@code Activations}, {@code
 *       UnsavedBindings}, {@code UnreportedSessions} and {@code PreviousSession}; {@code
 *       ContainerValues} and {@code AskedTimeout} are kept in a session beside its attributes,
 *       under {@code ReservedNames}.
 *   <li><b>Protection</b>, what refuses requests: {@code CrossOriginPolicy}, with {@code WebOrigin}
 *       and {@code Preflight}; {@code WithheldCookie}; {@code RequireLogin}, with {@code
 *       ReturnPath} and {@code Navigation}; {@code ClientCheck} and its {@code ClientGate}; {@code
 *       FloodGuard}, with {@code NetworkAddress} and {@code TrustedProxies}. {@code PathPatterns}
 *       and {@code PathCase} match paths, {@code Activity} decides what counts as use, and {@code
 *       PlainAnswer} writes a refusal.
 *   <li><b>Transport</b>, how tokens and version hints travel: {@code SessionTransport} is the
 *       choice between {@code SessionCookie} and {@code SessionHeader}; {@code HintTransport} is
 *       for hints. {@code CookieHeader} reads {@code PresentedValues}, which {@code
 *       PresentedTokens} resolves. {@code OutgoingToken} writes to the response as long as that is
 *       possible. Its {@code AddedHeaders} are a {@code ResponseCarrier} for the token, another for
 *       the hint and, at a logout, the {@code SiteDataHeader} for the chosen {@code SiteData};
 *       {@code NoStore} keeps them out of caches, {@code IncludedHeaders} writes them within an
 *       include, {@code UndertowResponse} where only Undertow ignores or drops them, and {@code
 *       ApplicationHeaders} remembers what to withdraw.
 * </ul>
 */
@NullMarked
package io.coatcheck.session.servlet;

import org.jspecify.annotations.NullMarked;
