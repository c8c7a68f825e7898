package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.Principal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.boot.web.servlet.support.SpringBootServletInitializer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.config.annotation.EnableWebMvc;

@DisplayName("However an application is deployed, its sessions are those of Coatcheck")
@ExtendWith(OutputCaptureExtension.class)
@Tag("wide")
class DeploymentTest {

  private static final String COOKIE = "__Host-session";

  @TempDir Path directory;

  /** The initializer of an application in a WAR. */
  private static final class ShopWar extends SpringBootServletInitializer {

    @Override
    protected SpringApplicationBuilder configure(SpringApplicationBuilder application) {
      return application
          .sources(Shop.class)
          .properties("coatcheck.store=memory", "spring.main.banner-mode=off");
    }
  }

  /** Shows on what kind of thread a page is made. */
  @RestController
  static class ThreadPage {

    @GetMapping("/thread")
    String thread() {
      return Thread.currentThread().toString();
    }
  }

  /** Has a page that takes as long as the test wants. */
  @RestController
  static class SlowPage {

    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch mayEnd = new CountDownLatch(1);

    @GetMapping("/slow")
    String slow(HttpSession session) throws InterruptedException {
      begun.countDown();
      if (!mayEnd.await(2, TimeUnit.MINUTES)) {
        throw new IllegalStateException("The page was not told to end");
      }
      session.setAttribute("visits", 41);
      return "made";
    }
  }

  /** A second servlet of Spring MVC, with pages of its own. */
  @Configuration
  static class SecondServlet {

    @Bean
    ServletRegistrationBean<DispatcherServlet> second() {
      AnnotationConfigWebApplicationContext pages = new AnnotationConfigWebApplicationContext();
      pages.register(SecondPages.class);
      ServletRegistrationBean<DispatcherServlet> servlet =
          new ServletRegistrationBean<>(new DispatcherServlet(pages), "/second/*");
      servlet.setName("second");
      return servlet;
    }
  }

  @Configuration
  @EnableWebMvc
  @RestController
  static class SecondPages {

    @GetMapping("/account")
    String account(Principal user) {
      return user.getName();
    }
  }

  /** Does what visitors of the shop do, below a path. */
  private static void assertServed(Visitor ann, String path, String cookie) throws Exception {
    assertThat(ann.get(path + "/visits").body()).isEqualTo("1");
    String before = ann.cookie(cookie);
    HttpResponse<String> refused = ann.get(path + "/account?a=1");
    assertThat(Visitor.location(refused)).endsWith(path + "/login").doesNotContain("jsessionid");
    String location =
        Visitor.location(post(ann, path, "/login", "username", "ann", "password", "ticket"));
    assertThat(location).endsWith(path + "/account?a=1&continue");
    assertThat(ann.cookie(cookie)).isNotEqualTo(before);
    assertThat(ann.get(location).body()).isEqualTo("ann");
    post(ann, path, "/cart", "article", "hat");
    assertThat(ann.get(path + "/cart").body()).isEqualTo("hat");
    assertThat(ann.get(path + "/visits").body()).isEqualTo("2");
    HttpResponse<String> failed = ann.get(path + "/failing");
    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).isEqualTo("Sorry, visitor number 2");
    HttpResponse<String> missing = ann.get(path + "/missing");
    assertThat(missing.statusCode()).isEqualTo(404);
    assertThat(missing.body()).isEqualTo("Sorry, visitor number 2");
    String live = ann.cookie(cookie);
    assertThat(Visitor.location(post(ann, path, "/logout"))).endsWith(path + "/login?logout");
    assertThat(ann.hasCookie(cookie)).isFalse();
    assertThat(ann.hasCookie("JSESSIONID")).isFalse();
    ann.take(cookie, live);
    assertThat(ann.get(path + "/account").statusCode()).isEqualTo(302);
  }

  private static HttpResponse<String> post(
      Visitor visitor, String path, String action, String... fields) throws Exception {
    return visitor.postWithToken(visitor.get(path + "/token").body(), path + action, fields);
  }

  @Test
  @DisplayName("in a WAR, on its own Tomcat")
  void war() throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(directory.toString());
    tomcat.setPort(0);
    Context shop = tomcat.addContext("/shop", directory.toString());
    shop.addServletContainerInitializer(
        (classes, servletContext) -> new ShopWar().onStartup(servletContext), null);
    try {
      tomcat.getConnector();
      tomcat.start();
      assertThat(shop.getState().isAvailable()).isTrue();
      int port = tomcat.getConnector().getLocalPort();
      assertServed(new Visitor("http://localhost:" + port), "/shop", COOKIE);
    } finally {
      stop(tomcat);
    }
  }

  private static void stop(Tomcat tomcat) throws LifecycleException {
    try {
      tomcat.stop();
    } finally {
      tomcat.destroy();
    }
  }

  @Test
  @DisplayName("below a context path, with a cookie for that path")
  void contextPath() throws Exception {
    try (Site site =
        Site.start(
            Shop.class,
            "spring.datasource.url=jdbc:h2:mem:context-path",
            "server.servlet.context-path=/shop",
            "coatcheck.cookie.name=__Secure-shop",
            "coatcheck.cookie.path=/shop")) {
      HttpResponse<String> first = site.visitor().get("/shop/visits");
      assertThat(first.headers().firstValue("Set-Cookie").orElseThrow())
          .startsWith("__Secure-shop=")
          .contains("Path=/shop;");
      assertServed(site.visitor(), "/shop", "__Secure-shop");
    }
  }

  @Test
  @DisplayName("below a context path, whose cookie other applications of the host may share")
  void sharedCookie(CapturedOutput output) throws Exception {
    try (Site site =
        Site.start(Shop.class, "coatcheck.store=memory", "server.servlet.context-path=/shop")) {
      assertServed(site.visitor(), "/shop", COOKIE);
    }
    assertThat(output).contains("The application at \"/shop\" uses the session cookie " + COOKIE);
  }

  @Test
  @DisplayName("with the properties of the container's sessions, which a warning names")
  void containerProperties(CapturedOutput output) throws Exception {
    try (Site site =
        Site.start(
            Shop.class,
            "coatcheck.store=memory",
            "server.servlet.session.timeout=1m",
            "server.servlet.session.tracking-modes=url",
            "server.servlet.session.cookie.name=SID",
            "server.servlet.session.cookie.same-site=none")) {
      HttpResponse<String> first = site.visitor().get("/visits");
      assertThat(first.headers().allValues("Set-Cookie"))
          .singleElement()
          .asString()
          .startsWith(COOKIE + "=")
          .contains("SameSite=Lax");
      assertServed(site.visitor(), "", COOKIE);
      assertThat(site.bean(SessionManager.class).policy().idleTimeout())
          .isEqualTo(Duration.ofMinutes(30));
    }
    assertThat(output)
        .contains("server.servlet.session.timeout (use coatcheck.idle-timeout)")
        .contains("server.servlet.session.tracking-modes (no counterpart)")
        .contains("server.servlet.session.cookie.name (use coatcheck.cookie.name)")
        .contains("server.servlet.session.cookie.same-site (use coatcheck.cookie.same-site)");
  }

  @Test
  @DisplayName("with such properties in another spelling, which the warning names as well")
  void otherSpelling(CapturedOutput output) {
    Site.start(
            Shop.class,
            "coatcheck.store=memory",
            "server.servlet.session.trackingModes=url",
            "server.servlet.session.cookie.sameSite=none",
            "spring.session.jdbc.tableName=visits")
        .close();
    assertThat(output)
        .contains("server.servlet.session.trackingModes (no counterpart)")
        .contains("server.servlet.session.cookie.sameSite (use coatcheck.cookie.same-site)")
        .contains("spring.session.jdbc.tableName (use coatcheck.jdbc.table-name)");
  }

  @Test
  @DisplayName("with two servlets of Spring MVC, which have the same sessions")
  void twoServlets() throws Exception {
    try (Site site =
        Site.start(
            List.of(EarlySecurityTest.Application.class, SecondServlet.class),
            "coatcheck.store=memory")) {
      Visitor ann = site.visitor();
      assertThat(ann.get("/second/account").statusCode()).isEqualTo(403);
      ann.postWithToken("", "/login", "username", "ann", "password", "ticket");
      assertThat(ann.get("/account").body()).isEqualTo("ann");
      assertThat(ann.get("/second/account").body()).isEqualTo("ann");
      assertThat(ann.hasCookie("JSESSIONID")).isFalse();
      assertThat(site.bean(SessionManager.class).revokeAllOf("ann")).isEqualTo(1);
      assertThat(ann.get("/second/account").statusCode()).isEqualTo(403);
    }
  }

  @Test
  @DisplayName("with lazy initialization, and virtual threads where Java has them")
  void lazyOnVirtualThreads(CapturedOutput output) throws Exception {
    try (Site site =
        Site.start(
            List.of(Shop.class, ThreadPage.class),
            "spring.datasource.url=jdbc:h2:mem:lazy",
            "spring.main.lazy-initialization=true",
            "spring.threads.virtual.enabled=true",
            "server.servlet.session.timeout=1m")) {
      assertThat(output).contains("server.servlet.session.timeout (use coatcheck.idle-timeout)");
      assertServed(site.visitor(), "", COOKIE);
      Visitor bob = site.visitor();
      bob.post("/rest-login", "username", "bob");
      assertThat(site.bean(SessionManager.class).sessionsOf("bob")).hasSize(1);
      boolean hasVirtualThreads = Runtime.version().feature() >= 21;
      assertThat(bob.get("/thread").body().startsWith("VirtualThread"))
          .isEqualTo(hasVirtualThreads);
    }
  }

  @Test
  @DisplayName("which a graceful shutdown stores to the last request")
  void gracefulShutdown() throws Exception {
    String[] properties = {
      "spring.datasource.url=jdbc:h2:mem:graceful;DB_CLOSE_DELAY=-1",
      "server.shutdown=graceful",
      "spring.lifecycle.timeout-per-shutdown-phase=2m"
    };
    Visitor ann;
    try (Site site = Site.start(List.of(Shop.class, SlowPage.class), properties)) {
      ann = site.visitor();
      ann.logIn("ann");
      int port = portOf(site);
      SlowPage page = site.bean(SlowPage.class);
      CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> slow(ann));
      assertThat(page.begun.await(1, TimeUnit.MINUTES)).isTrue();
      CompletableFuture<Void> shutdown = CompletableFuture.runAsync(site::close);
      Waiting.until(Duration.ofMinutes(1), () -> isRefused(port));
      page.mayEnd.countDown();
      assertThat(answer.get(1, TimeUnit.MINUTES)).isEqualTo("made");
      shutdown.get(2, TimeUnit.MINUTES);
    }
    try (Site again = Site.start(Shop.class, properties)) {
      Visitor back = ann.at("http://localhost:" + portOf(again));
      assertThat(back.get("/account").body()).isEqualTo("ann");
      assertThat(back.get("/visits").body()).isEqualTo("42");
    }
  }

  @Test
  @DisplayName("in a context that is stopped and started again, as between tests")
  void stoppedAndStarted() throws Exception {
    try (Site site = Site.start(Shop.class, "spring.datasource.url=jdbc:h2:mem:stopped")) {
      Visitor ann = site.visitor();
      ann.logIn("ann");
      site.context().stop();
      site.context().start();
      Visitor back = ann.at("http://localhost:" + portOf(site));
      assertThat(back.get("/account").body()).isEqualTo("ann");
      assertThat(site.bean(SessionManager.class).revokeAllOf("ann")).isEqualTo(1);
      assertThat(back.get("/account").statusCode()).isEqualTo(302);
    }
  }

  private static int portOf(Site site) {
    return Integer.parseInt(
        site.context().getEnvironment().getRequiredProperty("local.server.port"));
  }

  private static String slow(Visitor visitor) {
    try {
      return visitor.get("/slow").body();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns whether the server accepts no more connections, as when its shutdown has begun. */
  private static boolean isRefused(int port) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("localhost", port), 10_000);
      return false;
    } catch (ConnectException e) {
      return true;
    }
  }
}
