package io.coatcheck.benchmarks;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.redis.RedisSessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import io.lettuce.core.RedisURI;
import io.lettuce.core.resource.ClientResources;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;
import org.springframework.session.data.redis.RedisIndexedSessionRepository;
import org.springframework.session.data.redis.RedisSessionRepository;
import org.springframework.session.web.http.SessionRepositoryFilter;

/**
 * A session library on Redis, with sessions in it, for any number of threads.
 *
 * @param cookies the {@code Cookie} line of each session
 */
record OnRedis(
    Filter filter,
    List<String> cookies,
    String unknownCookie,
    Visit.Login login,
    AutoCloseable resources)
    implements AutoCloseable {

  /** The libraries. */
  enum Kind {
    COATCHECK("Coatcheck Redis"),
    SPRING_INDEXED("Spring Session Redis, indexed by principal"),
    SPRING("Spring Session Redis");

    final String shown;

    Kind(String shown) {
      this.shown = shown;
    }

    OnRedis open(int port, ClientResources client, int sessions) {
      return switch (this) {
        case COATCHECK -> coatcheck(port, client, sessions);
        case SPRING_INDEXED -> springIndexed(port, client, sessions);
        case SPRING -> spring(port, client, sessions);
      };
    }
  }

  /** Returns the contestant for one thread. Each has its own share of the sessions. */
  Contestant contestant() {
    return new Filtered(filter, cookies.toArray(String[]::new), unknownCookie, login, () -> {});
  }

  private static OnRedis coatcheck(int port, ClientResources client, int sessions) {
    RedisSessionStore store =
        RedisSessionStore.builder(RedisURI.create("redis://127.0.0.1:" + port))
            .clientResources(client)
            .build();
    Population population = new Population(sessions);
    Instant now = Instant.now();
    for (int i = 0; i < sessions; i++) {
      store.insert(population.encoded(i, true, Coatchecks.CODEC, now));
    }
    SessionManager manager = Coatchecks.manager(store);
    return new OnRedis(
        SessionFilter.builder(manager).build(),
        List.of(population.cookies(Coatchecks.COOKIE)),
        Population.unknownCookie(Coatchecks.COOKIE),
        Coatchecks::login,
        manager);
  }

  private static OnRedis springIndexed(int port, ClientResources client, int sessions) {
    LettuceConnectionFactory connections = connections(port, client);
    RedisIndexedSessionRepository repository =
        new RedisIndexedSessionRepository(template(connections));
    repository.setDefaultMaxInactiveInterval(Population.IDLE_TIMEOUT);
    return spring(repository, connections, sessions, true);
  }

  private static OnRedis spring(int port, ClientResources client, int sessions) {
    LettuceConnectionFactory connections = connections(port, client);
    RedisSessionRepository repository = new RedisSessionRepository(template(connections));
    repository.setDefaultMaxInactiveInterval(Population.IDLE_TIMEOUT);
    return spring(repository, connections, sessions, false);
  }

  private static <S extends Session> OnRedis spring(
      SessionRepository<S> repository,
      LettuceConnectionFactory connections,
      int sessions,
      boolean isIndexed) {
    String[] ids = new String[sessions];
    for (int i = 0; i < sessions; i++) {
      S session = repository.createSession();
      session.setAttribute(Workload.PRINCIPAL, Workload.principal(i));
      session.setAttribute(Workload.LOCALE, Workload.locale(i));
      session.setAttribute(Workload.CART, Workload.cart(i));
      if (isIndexed) {
        session.setAttribute(
            FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME, Workload.principal(i));
      }
      repository.save(session);
      ids[i] = session.getId();
    }
    return new OnRedis(
        new SessionRepositoryFilter<>(repository),
        List.of(Springs.cookies(ids)),
        Springs.cookie(UUID.randomUUID().toString()),
        isIndexed ? OnRedis::loginIndexed : Springs::login,
        connections::destroy);
  }

  private static void loginIndexed(HttpServletRequest request, String principal) {
    Springs.login(request, principal);
    request
        .getSession()
        .setAttribute(FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME, principal);
  }

  private static LettuceConnectionFactory connections(int port, ClientResources client) {
    LettuceConnectionFactory connections =
        new LettuceConnectionFactory(
            new RedisStandaloneConfiguration("127.0.0.1", port),
            LettuceClientConfiguration.builder()
                .clientResources(client)
                .commandTimeout(Duration.ofSeconds(20))
                .build());
    connections.afterPropertiesSet();
    connections.start();
    return connections;
  }

  /** As Spring Session's own configuration makes it. */
  private static RedisTemplate<String, Object> template(LettuceConnectionFactory connections) {
    RedisTemplate<String, Object> template = new RedisTemplate<>();
    template.setKeySerializer(RedisSerializer.string());
    template.setHashKeySerializer(RedisSerializer.string());
    template.setConnectionFactory(connections);
    template.afterPropertiesSet();
    return template;
  }

  @Override
  public void close() {
    try {
      resources.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
