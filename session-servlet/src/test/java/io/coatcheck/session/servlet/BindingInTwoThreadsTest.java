package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.JavaSerializationCodec;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A value is unbound once, if two threads of a request change its attribute")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class BindingInTwoThreadsTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  /** A value that records its notifications; static, since values are serialized. */
  private static final class Ticket
      implements HttpSessionBindingListener, HttpSessionActivationListener, Serializable {

    private static final long serialVersionUID = 1L;
    private static final List<String> HEARD = new CopyOnWriteArrayList<>();
    private static final AtomicReference<Runnable> WHEN_ENCODED = new AtomicReference<>();
    private static final AtomicReference<Runnable> AFTERWARDS = new AtomicReference<>();

    private final String text;

    /** False in an object that was decoded, until it is notified of that. */
    private transient boolean isActive;

    Ticket(String text) {
      this.text = text;
      isActive = true;
    }

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      HEARD.add("bound " + text);
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      HEARD.add("unbound " + text + (isActive ? "" : ", which was not activated"));
    }

    @Override
    public void sessionDidActivate(HttpSessionEvent event) {
      isActive = true;
      runOnce(AFTERWARDS);
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      out.defaultWriteObject();
      runOnce(WHEN_ENCODED);
    }

    private static void runOnce(AtomicReference<Runnable> next) {
      Runnable taken = next.getAndSet(null);
      if (taken != null) {
        taken.run();
      }
    }
  }

  /** An immutable value, which a session of a store of bytes does not keep once it is saved. */
  private enum Stamp implements HttpSessionBindingListener {
    RED;

    @Override
    public void valueBound(HttpSessionBindingEvent event) {
      Ticket.HEARD.add("bound " + this);
    }

    @Override
    public void valueUnbound(HttpSessionBindingEvent event) {
      Ticket.HEARD.add("unbound " + this);
    }
  }

  @BeforeEach
  void start() {
    Ticket.WHEN_ENCODED.set(null);
    Ticket.AFTERWARDS.set(null);
    site =
        new Site(
            container,
            true,
            manager ->
                manager.codec(
                    JavaSerializationCodec.builder()
                        .allow(Ticket.class.getName())
                        .allow(Stamp.class.getName())
                        .build()),
            UnaryOperator.identity());
    browser = site.browser();
    site.on("/first", (request, response) -> put(request, new Ticket("first")));
    browser.get("/first");
    Ticket.HEARD.clear();
  }

  private static void put(HttpServletRequest request, Ticket ticket) {
    request.getSession().setAttribute("name", ticket);
  }

  private static void inAnotherThread(Runnable work) {
    CompletableFuture.runAsync(work, task -> new Thread(task).start()).join();
  }

  private void assertServed(int status, Handler page) {
    site.on("/page", page);
    assertThat(browser.get("/page").status()).isEqualTo(status);
    assertThat(Ticket.WHEN_ENCODED.get()).isNull();
    assertThat(Ticket.AFTERWARDS.get()).isNull();
  }

  @Test
  @DisplayName("removed while another thread replaces it")
  void removedWhileReplaced() {
    assertServed(
        200,
        (request, response) -> {
          HttpSession session = request.getSession();
          session.getAttribute("name");
          Ticket.WHEN_ENCODED.set(() -> inAnotherThread(() -> session.removeAttribute("name")));
          put(request, new Ticket("second"));
        });

    assertThat(Ticket.HEARD).containsExactly("bound second", "unbound first");
  }

  @Test
  @DisplayName("replaced while another thread replaces it")
  void replacedWhileReplaced() {
    assertServed(
        200,
        (request, response) -> {
          Ticket.WHEN_ENCODED.set(() -> inAnotherThread(() -> put(request, new Ticket("other"))));
          put(request, new Ticket("second"));
        });

    assertThat(Ticket.HEARD)
        .containsExactly("bound second", "bound other", "unbound first", "unbound other");
  }

  @Test
  @DisplayName("replaced while another thread replaces it and sends the response")
  void replacedWhileReplacedAndSaved() {
    assertServed(
        200,
        (request, response) -> {
          Ticket.WHEN_ENCODED.set(
              () ->
                  inAnotherThread(
                      () -> {
                        request.getSession().setAttribute("name", Stamp.RED);
                        flush(response);
                      }));
          put(request, new Ticket("second"));
        });

    // The client gets the answer before the request has ended.
    Await.until(() -> Ticket.HEARD.contains("unbound RED"));
    assertThat(Ticket.HEARD)
        .containsExactly("bound second", "bound RED", "unbound first", "unbound RED");
  }

  @Test
  @DisplayName("replaced after another request has, which another thread has just noticed")
  void replacedAfterAnotherRequestHas() {
    site.on("/elsewhere", (request, response) -> put(request, new Ticket("elsewhere")));
    assertServed(
        200,
        (request, response) -> {
          Ticket.WHEN_ENCODED.set(
              () ->
                  inAnotherThread(
                      () -> {
                        browser.get("/elsewhere");
                        request.getSession().setAttribute("other", "x");
                        flush(response);
                      }));
          put(request, new Ticket("second"));
        });

    // The client gets the answer before the request has ended.
    Await.until(() -> Ticket.HEARD.size() == 4);
    assertThat(Ticket.HEARD)
        .containsExactly("bound second", "bound elsewhere", "unbound first", "unbound elsewhere");
  }

  @Test
  @DisplayName("removed while another thread sets it again as it was")
  void removedWhileSetAgain() {
    assertServed(
        200,
        (request, response) -> {
          HttpSession session = request.getSession();
          Ticket read = (Ticket) session.getAttribute("name");
          Ticket.WHEN_ENCODED.set(() -> inAnotherThread(() -> session.removeAttribute("name")));
          put(request, read);
        });

    assertThat(Ticket.HEARD).containsExactly("unbound first", "bound first");
  }

  @Test
  @DisplayName("replaced before the first thread returns, and neither value is stored")
  void replacedAndNotStored() {
    assertServed(
        503,
        (request, response) -> {
          site.store.fail("update");
          // Reading it notifies it.
          assertThat(request.getSession().getAttribute("name")).isNotNull();
          Ticket.AFTERWARDS.set(() -> inAnotherThread(() -> put(request, new Ticket("last"))));
          put(request, new Ticket("second"));
        });

    // The client gets the answer before the request has ended.
    Await.until(() -> Ticket.HEARD.contains("unbound last"));
    assertThat(Ticket.HEARD)
        .containsExactly(
            "bound second", "bound last", "unbound second", "unbound first", "unbound last");
  }

  @Test
  @DisplayName("set by a thread during whose call the request ends")
  void requestEndsMeanwhile() throws Exception {
    CountDownLatch isWithin = new CountDownLatch(1);
    CountDownLatch isOver = new CountDownLatch(1);
    AtomicReference<CompletableFuture<Void>> late = new AtomicReference<>();
    assertServed(
        200,
        (request, response) -> {
          HttpSession session = request.getSession();
          session.getAttribute("name");
          Ticket.WHEN_ENCODED.set(
              () -> {
                isWithin.countDown();
                await(isOver);
              });
          late.set(
              CompletableFuture.runAsync(
                  () -> session.setAttribute("other", new Ticket("late")),
                  task -> new Thread(task).start()));
          await(isWithin);
        });

    isOver.countDown();
    late.get().join();

    assertThat(Ticket.HEARD).containsExactly("bound late", "unbound late");
  }

  private static void flush(HttpServletResponse response) {
    try {
      response.flushBuffer();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
