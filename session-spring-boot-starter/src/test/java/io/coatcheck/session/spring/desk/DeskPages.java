package io.coatcheck.session.spring.desk;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.concurrent.DelegatingSecurityContextExecutor;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.web.authentication.logout.SecurityContextLogoutHandler;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;

@RestController
class DeskPages {

  private static final String CONTEXT =
      HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY;

  private final HttpSessionSecurityContextRepository contexts =
      new HttpSessionSecurityContextRepository();
  private final SessionManager manager;
  private final AuthenticationManager passwords;

  DeskPages(SessionManager manager, AuthenticationManager passwords) {
    this.manager = manager;
    this.passwords = passwords;
  }

  /** Returns the user of the session and that of Spring Security. */
  @GetMapping("/me")
  String me(HttpServletRequest request) {
    Authentication user = SecurityContextHolder.getContext().getAuthentication();
    return WebSession.of(request).principal().orElse("none")
        + "/"
        + (user == null ? "none" : user.getName());
  }

  /** Returns the same from another thread, which Spring MVC gives the context. */
  @GetMapping("/me-in-callable")
  Callable<String> meInCallable(HttpServletRequest request) {
    return () -> me(request);
  }

  /** Hands the context to an executor, as {@code @Async} does, and returns what that sees. */
  @GetMapping("/me-on-executor")
  String meOnExecutor() throws InterruptedException, ExecutionException {
    Executor newThread = work -> new Thread(work).start();
    return CompletableFuture.supplyAsync(
            () -> SecurityContextHolder.getContext().getAuthentication().getName(),
            new DelegatingSecurityContextExecutor(newThread))
        .get();
  }

  @PostMapping("/change-id")
  void changeId(HttpServletRequest request) {
    request.changeSessionId();
  }

  /** Logs in and out by the methods of the Servlet API. */
  @PostMapping("/servlet-logout")
  void logOutOfServlets(HttpServletRequest request) throws ServletException {
    request.logout();
  }

  @PostMapping("/servlet-login")
  void logInToServlets(@RequestParam String user, HttpServletRequest request)
      throws ServletException {
    request.login(user, "ticket");
  }

  @PostMapping("/note")
  void note(HttpSession session) {
    session.setAttribute("note", "any");
  }

  @PostMapping("/web-session-logout")
  void logOut(HttpServletRequest request) {
    me(request);
    WebSession.of(request).logout();
  }

  @PostMapping("/invalidate")
  void invalidate(HttpSession session) {
    session.invalidate();
  }

  @PostMapping("/revoke")
  void revoke(HttpServletRequest request) {
    manager.revoke(WebSession.of(request).id().orElseThrow());
  }

  @PostMapping("/revoke-all")
  void revokeAll() {
    manager.revokeAllOf("ann");
  }

  @PostMapping("/web-session-login")
  void logIn(@RequestParam String user, HttpServletRequest request) {
    WebSession.of(request).login(user);
  }

  @PostMapping("/clear-holder")
  void clear() {
    SecurityContextHolder.clearContext();
  }

  @PostMapping("/set-holder")
  void hold(@RequestParam String user) {
    SecurityContextHolder.setContext(contextOf(user));
  }

  @PostMapping("/save")
  void save(@RequestParam String user, HttpServletRequest request, HttpServletResponse response) {
    SecurityContextHolder.setContext(contextOf(user));
    contexts.saveContext(SecurityContextHolder.getContext(), request, response);
  }

  /** Logs in as the reference documentation of Spring Security shows it. */
  @PostMapping("/json-login")
  void jsonLogin(HttpServletRequest request, HttpServletResponse response) {
    SecurityContextHolder.setContext(new SecurityContextImpl(checked()));
    contexts.saveContext(SecurityContextHolder.getContext(), request, response);
  }

  /** Changes the context that the session has. */
  @PostMapping("/json-login-in-place")
  void jsonLoginInPlace(HttpServletRequest request, HttpServletResponse response) {
    SecurityContextHolder.getContext().setAuthentication(checked());
    contexts.saveContext(SecurityContextHolder.getContext(), request, response);
  }

  @PostMapping("/json-login-in-holder")
  void jsonLoginInHolder() {
    SecurityContextHolder.setContext(new SecurityContextImpl(checked()));
  }

  /** Logs the session in itself, with its own option. */
  @PostMapping("/json-login-remembered")
  void jsonLoginRemembered(HttpServletRequest request, HttpServletResponse response) {
    Authentication user = checked();
    WebSession.of(request).login(user.getName(), LoginOptions.remember());
    contexts.saveContext(new SecurityContextImpl(user), request, response);
  }

  private Authentication checked() {
    return passwords.authenticate(
        UsernamePasswordAuthenticationToken.unauthenticated("ann", "ticket"));
  }

  /** Checks the password again, without a login. */
  @PostMapping("/confirm")
  void confirm() {
    checked();
  }

  /** Gives the user a role, as code does that has read the user again. */
  @PostMapping("/save-rebuilt")
  void saveRebuilt(HttpServletRequest request, HttpServletResponse response) {
    SecurityContext context = contextOf("ann");
    SecurityContextHolder.setContext(context);
    contexts.saveContext(context, request, response);
  }

  @PostMapping("/save-empty")
  void saveEmpty(HttpServletRequest request, HttpServletResponse response) {
    contexts.saveContext(new SecurityContextImpl(), request, response);
  }

  @PostMapping("/set-empty")
  void setEmpty(HttpSession session) {
    session.setAttribute(CONTEXT, new SecurityContextImpl());
  }

  /** Goes on to use the session, as code does that shows a message on the next page. */
  @PostMapping("/save-empty-and-note")
  void saveEmptyAndNote(
      HttpServletRequest request, HttpServletResponse response, HttpSession session) {
    contexts.saveContext(new SecurityContextImpl(), request, response);
    session.setAttribute("message", "bye");
  }

  @PostMapping("/set-empty-and-note")
  void setEmptyAndNote(HttpSession session) {
    session.setAttribute(CONTEXT, new SecurityContextImpl());
    session.setAttribute("message", "bye");
  }

  @PostMapping("/save-empty-and-user")
  void saveEmptyAndUser(HttpServletRequest request, HttpServletResponse response) {
    contexts.saveContext(new SecurityContextImpl(), request, response);
    contexts.saveContext(contextOf("ann"), request, response);
  }

  @PostMapping("/remove")
  void remove(HttpSession session) {
    session.removeAttribute(CONTEXT);
  }

  @PostMapping("/remove-and-invalidate")
  void removeAndInvalidate(HttpSession session) {
    session.removeAttribute(CONTEXT);
    session.invalidate();
  }

  @PostMapping("/remove-all")
  void removeAll(HttpSession session) {
    session.setAttribute("note", "any");
    session.setAttribute("zero", 0);
    Collections.list(session.getAttributeNames()).forEach(session::removeAttribute);
  }

  @PostMapping("/remove-and-note")
  void removeAndNote(HttpSession session) {
    session.removeAttribute(CONTEXT);
    session.setAttribute("message", "bye");
  }

  @PostMapping("/empty-in-place")
  void emptyInPlace(HttpServletRequest request, HttpServletResponse response) {
    SecurityContext context = SecurityContextHolder.getContext();
    context.setAuthentication(null);
    contexts.saveContext(context, request, response);
  }

  @PostMapping("/log-out-handler")
  void logOutWithHandler(HttpServletRequest request, HttpServletResponse response) {
    SecurityContextLogoutHandler handler = new SecurityContextLogoutHandler();
    handler.setInvalidateHttpSession(false);
    handler.logout(request, response, null);
  }

  /** Ends the session when the response is committed, and reads it after that. */
  @PostMapping("/remove-and-flush")
  void removeAndFlush(HttpServletRequest request, HttpServletResponse response, HttpSession session)
      throws IOException {
    session.removeAttribute(CONTEXT);
    response.flushBuffer();
    if (WebSession.of(request).isLoggedIn()) {
      throw new IllegalStateException("The response was committed before the logout");
    }
  }

  @PostMapping("/remove-in-callable")
  Callable<String> removeInCallable(HttpSession session) {
    return () -> {
      session.removeAttribute(CONTEXT);
      session.setAttribute("message", "bye");
      return "removed";
    };
  }

  /** Ends before the filters do. */
  @PostMapping("/remove-on-thread")
  void removeOnThread(HttpSession session) throws InterruptedException {
    run(() -> session.removeAttribute(CONTEXT));
  }

  @PostMapping("/empty-on-thread")
  void emptyOnThread(HttpSession session) throws InterruptedException {
    run(() -> session.setAttribute(CONTEXT, new SecurityContextImpl()));
  }

  private static void run(Runnable work) throws InterruptedException {
    Thread thread = new Thread(work);
    thread.start();
    thread.join();
  }

  /** Takes the request along, as an executor of the application does, and outlives the dispatch. */
  @PostMapping("/remove-after-dispatch")
  Callable<String> removeAfterDispatch(HttpSession session) {
    RequestAttributes dispatch = RequestContextHolder.currentRequestAttributes();
    return () -> {
      RequestContextHolder.setRequestAttributes(dispatch);
      try {
        awaitEndOf(dispatch);
        session.removeAttribute(CONTEXT);
        return "removed";
      } finally {
        RequestContextHolder.resetRequestAttributes();
      }
    };
  }

  private static void awaitEndOf(RequestAttributes dispatch) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (System.nanoTime() < deadline) {
      try {
        dispatch.getAttribute("any", RequestAttributes.SCOPE_REQUEST);
      } catch (IllegalStateException e) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
    throw new IllegalStateException("The dispatch did not end");
  }

  @PostMapping("/save-again")
  void saveAgain(HttpSession session) {
    Object context = session.getAttribute(CONTEXT);
    session.removeAttribute(CONTEXT);
    session.setAttribute(CONTEXT, context);
  }

  @PostMapping("/log-in-again")
  void logInAgain(HttpServletRequest request, HttpSession session) {
    session.removeAttribute(CONTEXT);
    WebSession.of(request).login("ann");
  }

  /** Keeps the context under two names, as two chains do, and removes one. */
  @PostMapping("/remove-second")
  void removeSecond(HttpSession session) {
    session.setAttribute("SECOND", session.getAttribute(CONTEXT));
    session.removeAttribute("SECOND");
  }

  private static SecurityContext contextOf(String user) {
    return new SecurityContextImpl(
        UsernamePasswordAuthenticationToken.authenticated(
            user, null, AuthorityUtils.createAuthorityList("ROLE_USER")));
  }
}
