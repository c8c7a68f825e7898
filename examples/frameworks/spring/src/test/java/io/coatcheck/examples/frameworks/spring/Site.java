package io.coatcheck.examples.frameworks.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.clients.Partner;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.Filter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.Ordered;

/** The shop, running on a port of its own, with a partner to log in at. */
final class Site implements AutoCloseable {

  private final AtomicInteger requests = new AtomicInteger();
  private final Partner partner;
  private final ConfigurableApplicationContext context;

  /** Starts it as Spring Security is by default: the exception of a refused login is kept. */
  Site(SessionStore store, AttributeCodec codec) throws Exception {
    this(store, codec, true);
  }

  Site(SessionStore store, AttributeCodec codec, boolean keepRefusals) throws Exception {
    partner = new Partner();
    String provider = "--spring.security.oauth2.client.provider.partner.issuer-uri=";
    String client = "--spring.security.oauth2.client.registration.";
    context =
        new SpringApplicationBuilder(Shop.class)
            .initializers(
                Shop.sessionsIn(store, codec),
                (GenericApplicationContext beans) ->
                    beans.registerBean("requestCount", FilterRegistrationBean.class, this::count))
            .run(
                "--shop.keep-refusals=" + keepRefusals,
                "--server.port=0",
                "--server.address=localhost",
                "--spring.main.banner-mode=off",
                "--logging.level.root=warn",
                provider + partner.url(),
                client + "oidc.provider=partner",
                client + "oidc.client-id=shop",
                client + "oidc.client-secret=the client's secret",
                client + "oidc.scope=openid,profile",
                client + "plain.provider=partner",
                client + "plain.client-id=shop",
                client + "plain.client-secret=the client's secret",
                client + "plain.scope=profile",
                client + "plain.authorization-grant-type=authorization_code",
                client + "plain.redirect-uri={baseUrl}/login/oauth2/code/plain",
                client + "api.provider=partner",
                client + "api.client-id=shop",
                client + "api.client-secret=the client's secret",
                client + "api.scope=orders",
                client + "api.authorization-grant-type=authorization_code",
                client + "api.redirect-uri={baseUrl}/authorized/api");
  }

  private FilterRegistrationBean<Filter> count() {
    FilterRegistrationBean<Filter> registration =
        new FilterRegistrationBean<>(
            (request, response, chain) -> {
              requests.incrementAndGet();
              try {
                chain.doFilter(request, response);
              } finally {
                requests.decrementAndGet();
              }
            });
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
    return registration;
  }

  /** Waits until what follows the answers is done as well: a visitor may have them before. */
  void awaitQuiet() {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (requests.get() > 0) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(requests.get() + " requests have not ended");
      }
      Thread.onSpinWait();
    }
  }

  Visitor visitor() {
    return new Visitor(url());
  }

  String url() {
    return "http://localhost:"
        + context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
  }

  SessionManager sessions() {
    return context.getBean(SessionManager.class);
  }

  Mailbox mailbox() {
    return context.getBean(Mailbox.class);
  }

  @Override
  public void close() {
    context.close();
    partner.close();
  }
}
