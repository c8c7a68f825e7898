package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionEvent;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I19, attack 4: application code waits for another thread that uses the same session")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ApplicationCodeTest {

  /** What the application does where it is called; static, since values are serialized. */
  private static final List<Place> CALLED = new CopyOnWriteArrayList<>();

  private static volatile Consumer<Place> whenCalled = place -> {};

  @Parameter Container container;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<String> problems = new CopyOnWriteArrayList<>();
  private final AtomicBoolean isArmed = new AtomicBoolean();
  private volatile Place place;
  private volatile HttpSession session;
  private volatile HttpServletRequest request;
  private volatile HttpServletResponse response;
  private Site site;
  private Browser browser;

  /** Where an application is called. */
  enum Place {
    CREATED("/begin"),
    DESTROYED("/logout"),
    DESTROYED_AT_LOGIN("/bob"),
    DESTROYED_UNSTORED("/look"),
    ID_CHANGED("/change-id"),
    ID_CHANGED_AT_LOGIN("/again"),
    ATTRIBUTE_ADDED("/set"),
    ATTRIBUTE_REMOVED("/remove"),
    VALUE_BOUND("/set"),
    VALUE_UNBOUND("/remove"),
    VALUE_UNBOUND_AT_THE_END("/logout"),
    WILL_PASSIVATE("/set"),
    WILL_PASSIVATE_AT_SAVE("/flush"),
    DID_ACTIVATE("/get"),
    WRITE_OBJECT("/set"),
    WRITE_OBJECT_AT_SAVE("/flush"),
    WRITE_OBJECT_AT_LOGIN("/again"),
    WRITE_OBJECT_AT_RENEWAL("/change-id"),
    READ_OBJECT("/get"),
    VALID_IF("/again"),
    CLIENT_CHECK("/lazy"),
    EVENT_OF_LOGIN("/again"),
    EVENT_OF_CREATION("/begin"),
    EVENT_OF_END("/logout"),
    EVENT_OF_RENEWAL("/change-id");

    private final String path;

    Place(String path) {
      this.path = path;
    }

    boolean isNew() {
      return this == CREATED || this == DESTROYED_UNSTORED || this == EVENT_OF_CREATION;
    }
  }

  private static void called(Place... places) {
    for (Place place : places) {
      whenCalled.accept(place);
    }
  }

  /** A value that calls the application whenever anything is done with it. */
  static final class Value
      implements HttpSessionBindingListener, HttpSessionActivationListener, Serializable {

    private static final long serialVersionUID = 1L;

    private int changes;

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      called(Place.VALUE_BOUND);
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      called(Place.VALUE_UNBOUND, Place.VALUE_UNBOUND_AT_THE_END);
    }

    @Override
    public void sessionWillPassivate(HttpSessionEvent event) {
      called(Place.WILL_PASSIVATE, Place.WILL_PASSIVATE_AT_SAVE);
    }

    @Override
    public void sessionDidActivate(HttpSessionEvent event) {
      called(Place.DID_ACTIVATE);
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      called(
          Place.WRITE_OBJECT,
          Place.WRITE_OBJECT_AT_SAVE,
          Place.WRITE_OBJECT_AT_LOGIN,
          Place.WRITE_OBJECT_AT_RENEWAL);
      out.defaultWriteObject();
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      called(Place.READ_OBJECT);
    }
  }

  /** What an application registers. */
  private final class Listener
      implements HttpSessionListener, HttpSessionAttributeListener, HttpSessionIdListener {

    @Override
    public void sessionCreated(HttpSessionEvent event) {
      session = event.getSession();
      called(Place.CREATED);
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
      called(Place.DESTROYED, Place.DESTROYED_AT_LOGIN, Place.DESTROYED_UNSTORED);
    }

    @Override
    public void attributeAdded(HttpSessionBindingEvent event) {
      called(Place.ATTRIBUTE_ADDED);
    }

    @Override
    public void attributeRemoved(HttpSessionBindingEvent event) {
      called(Place.ATTRIBUTE_REMOVED);
    }

    @Override
    public void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
      called(Place.ID_CHANGED, Place.ID_CHANGED_AT_LOGIN);
    }
  }

  @BeforeEach
  void start() {
    site =
        new Site(
            container,
            true,
            manager ->
                manager
                    .codec(JavaSerializationCodec.builder().allow(Value.class.getName()).build())
                    .listener(this::heard),
            filter ->
                filter
                    .listener(new Listener())
                    .exclude("/lazy")
                    .clientCheck(
                        (atLogin, now) -> {
                          called(Place.CLIENT_CHECK);
                          return ClientCheck.Verdict.ACCEPT;
                        }));
    site.on("/value", (request, response) -> request.getSession().setAttribute("x", new Value()));
    on("/begin", session -> session.setAttribute("a", "1"));
    on("/look", session -> {});
    on("/logout", HttpSession::invalidate);
    on("/bob", session -> WebSession.of(request).login("bob"));
    on(
        "/again",
        session -> {
          session.getAttribute("x");
          WebSession.of(request)
              .login("alice", LoginOptions.builder().validIf(this::isStillValid).build());
        });
    on(
        "/change-id",
        session -> {
          session.getAttribute("x");
          request.changeSessionId();
        });
    on("/set", session -> session.setAttribute("y", new Value()));
    on("/remove", session -> session.removeAttribute("x"));
    on("/get", session -> session.getAttribute("x"));
    on(
        "/flush",
        session -> {
          ((Value) session.getAttribute("x")).changes++;
          isArmed.set(true);
          commit();
        });
    site.on(
        "/lazy",
        (request, response) -> {
          this.request = request;
          this.response = response;
          isArmed.set(true);
          request.getSession(false);
        });
    browser = site.browser();
    CALLED.clear();
    whenCalled = this::waitForAnother;
  }

  private void on(String path, Consumer<HttpSession> does) {
    site.on(
        path,
        (request, response) -> {
          this.request = request;
          this.response = response;
          session = request.getSession();
          isArmed.set(!place.name().endsWith("_AT_SAVE"));
          try {
            does.accept(session);
          } catch (IllegalStateException e) {
            // The other thread has committed the response, or ended the session.
          }
        });
  }

  private boolean isStillValid() {
    called(Place.VALID_IF);
    return true;
  }

  private void commit() {
    try {
      response.flushBuffer();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void heard(SessionEvent event) {
    if (event instanceof SessionEvent.Authenticated) {
      called(Place.EVENT_OF_LOGIN);
    } else if (event instanceof SessionEvent.Created) {
      called(Place.EVENT_OF_CREATION);
    } else if (event instanceof SessionEvent.Ended) {
      called(Place.EVENT_OF_END);
    } else if (event instanceof SessionEvent.Renewed) {
      called(Place.EVENT_OF_RENEWAL);
    }
  }

  @AfterEach
  void stop() {
    whenCalled = place -> {};
    threads.shutdownNow();
    site.close();
  }

  private volatile Runnable other = () -> {};

  private void waitForAnother(Place where) {
    boolean isCalled = where == place && (isArmed.get() || where.isNew());
    if (isCalled && CALLED.isEmpty()) {
      CALLED.add(where);
      try {
        threads
            .submit(
                () -> {
                  try {
                    other.run();
                  } catch (IllegalStateException e) {
                    // The session may have ended; all that counts is that this comes back.
                  }
                })
            .get(30, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        problems.add(where + ": the other thread hangs");
      } catch (ExecutionException e) {
        problems.add(where + ": " + e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void whileCalledAt(Place where, Runnable does) {
    isArmed.set(false);
    place = where;
    if (!where.isNew()) {
      browser.get("/login");
      browser.get("/value");
    }
    session = null;
    other = does;
    browser.get(where.path);

    assertThat(CALLED).as("the place is reached").containsExactly(where);
    assertThat(problems).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Place.class)
  @DisplayName("that reads the id, the attributes and all else")
  void reads(Place where) {
    whileCalledAt(
        where,
        () -> {
          HttpSession used = session == null ? request.getSession(false) : session;
          used.getId();
          used.getAttribute("x");
          used.getAttribute("a");
          used.getAttributeNames();
          used.getMaxInactiveInterval();
          used.isNew();
          used.getCreationTime();
          used.getLastAccessedTime();
        });
  }

  @ParameterizedTest
  @EnumSource(Place.class)
  @DisplayName("that changes attributes and the timeout")
  void changes(Place where) {
    whileCalledAt(
        where,
        () -> {
          HttpSession used = session == null ? request.getSession(false) : session;
          used.setAttribute("b", "1");
          used.removeAttribute("x");
          used.setMaxInactiveInterval(100);
        });
  }

  @ParameterizedTest
  @EnumSource(Place.class)
  @DisplayName("that asks the request for its session and its user, and ends the session")
  void ends(Place where) {
    whileCalledAt(
        where,
        () -> {
          WebSession.of(request).principal();
          request.getRemoteUser();
          request.isRequestedSessionIdValid();
          HttpSession used = request.getSession(false);
          if (used != null) {
            used.invalidate();
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"flush", "close", "write", "print line", "format"})
  @DisplayName("that writes to the response, while its writer commits that")
  void writes(String how) {
    on(
        "/flush",
        used -> {
          ((Value) used.getAttribute("x")).changes++;
          isArmed.set(true);
          commitByWriting(how);
        });
    for (Place where : List.of(Place.WILL_PASSIVATE_AT_SAVE, Place.WRITE_OBJECT_AT_SAVE)) {
      CALLED.clear();
      browser = site.browser();
      whileCalledAt(where, () -> writer().print("other"));
    }
  }

  private PrintWriter writer() {
    try {
      return response.getWriter();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void commitByWriting(String how) {
    String much = "x".repeat(response.getBufferSize() + 1);
    switch (how) {
      case "flush" -> writer().flush();
      case "close" -> writer().close();
      case "write" -> writer().write(much);
      case "print line" -> writer().println(much);
      default -> writer().format("%s", much);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/again",
        "/begin",
        "/bob",
        "/change-id",
        "/flush",
        "/get",
        "/logout",
        "/remove",
        "/set"
      })
  @DisplayName("that commits the response, which finds what was changed before stored")
  void commits(String path) {
    for (Place where : Place.values()) {
      if (where.path.equals(path)) {
        CALLED.clear();
        browser = site.browser();
        whileCalledAt(where, this::commit);
      }
    }
  }
}
