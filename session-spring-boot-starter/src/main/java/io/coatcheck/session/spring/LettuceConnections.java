package io.coatcheck.session.spring;

import io.coatcheck.session.redis.RedisSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisURI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.connection.NamedNode;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.RedisPassword;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.connection.lettuce.RedisCredentialsProviderFactory;

/**
 * Reads where Redis is, and how to log in, from a {@link LettuceConnectionFactory}. The store opens
 * its own connection, because that of Spring Data sends commands again.
 */
final class LettuceConnections implements RedisConnections {

  /** Of the type that applications declare, which does not show what they are. */
  private final ObjectProvider<RedisConnectionFactory> connections;

  /** The names of the connections that could be injected, for messages. */
  private final List<String> names;

  private final Environment environment;

  LettuceConnections(
      ObjectProvider<RedisConnectionFactory> connections,
      List<String> names,
      Environment environment) {
    this.connections = connections;
    this.names = names;
    this.environment = environment;
  }

  @Override
  public boolean isUnique() {
    return chosen() != null;
  }

  @Override
  public List<String> names() {
    return names;
  }

  /** Returns the one connection, or the primary one; of Lettuce if only one is. */
  private @Nullable RedisConnectionFactory chosen() {
    RedisConnectionFactory unique = connections.getIfUnique();
    if (unique instanceof LettuceConnectionFactory) {
      return unique;
    }
    List<RedisConnectionFactory> ofLettuce =
        connections.stream().filter(LettuceConnectionFactory.class::isInstance).toList();
    return ofLettuce.size() == 1 ? ofLettuce.get(0) : unique;
  }

  @Override
  public SessionStore store(CoatcheckProperties.Redis properties, List<StoreObserver> observers) {
    RedisConnectionFactory chosen = chosen();
    if (chosen == null) {
      throw new InvalidSettingException(
          "coatcheck.store: redis needs one LettuceConnectionFactory or a primary one, but "
              + (names.isEmpty() ? "there is none" : "none of " + names + " is primary"));
    }
    if (!(chosen instanceof LettuceConnectionFactory connection)) {
      throw new InvalidSettingException(
          "coatcheck.store: the connection to Redis is a "
              + chosen.getClass().getName()
              + ", and the store needs a LettuceConnectionFactory: define one, or a SessionStore"
              + " bean, or set it to jdbc or memory");
    }
    LettuceClientConfiguration client = connection.getClientConfiguration();
    RedisSessionStore.Builder builder =
        connection.isClusterAware()
            ? RedisSessionStore.clusterBuilder(nodes(connection))
            : RedisSessionStore.builder(server(connection));
    client.getClientResources().ifPresent(builder::clientResources);
    client.getClientOptions().map(ClientOptions::getSslOptions).ifPresent(builder::sslOptions);
    Settings settings = new Settings("coatcheck.redis.");
    settings
        .set("keyPrefix", properties.keyPrefix(), builder::keyPrefix)
        .set("commandTimeout", properties.commandTimeout(), builder::commandTimeout)
        .set("connectTimeout", properties.connectTimeout(), builder::connectTimeout)
        .set("changeFeedInterval", properties.changeFeedInterval(), builder::changeFeedInterval)
        .set(
            "confirmReplicas",
            properties.confirmReplicas(),
            replicas -> builder.confirmReplicas(replicas, properties.confirmTimeout()))
        .set("buckets", properties.buckets(), builder::buckets);
    RedisSessionStore redis = settings.build(builder::build);
    SessionStore store = redis;
    for (StoreObserver observer : observers) {
      store = observer.remote(store, redis::isFailingFast);
    }
    return store;
  }

  private RedisURI server(LettuceConnectionFactory connection) {
    if (connection.getSocketConfiguration() != null) {
      throw unsupported("a Unix domain socket");
    }
    // Spring Data does not show these nodes; its other settings would lead to localhost.
    if (Binder.get(environment)
        .bind("spring.data.redis.masterreplica.nodes", Bindable.listOf(String.class))
        .isBound()) {
      throw unsupported("a list of nodes (spring.data.redis.masterreplica)");
    }
    LettuceClientConfiguration client = connection.getClientConfiguration();
    RedisSentinelConfiguration sentinels = connection.getSentinelConfiguration();
    if (sentinels != null) {
      return primary(sentinels, client);
    }
    RedisStandaloneConfiguration server = connection.getStandaloneConfiguration();
    RedisURI.Builder uri =
        secured(
            RedisURI.builder()
                .withHost(server.getHostName())
                .withPort(server.getPort())
                .withDatabase(server.getDatabase()),
            client);
    authenticate(uri, server, server.getUsername(), server.getPassword(), client);
    return uri.build();
  }

  private static List<RedisURI> nodes(LettuceConnectionFactory connection) {
    RedisClusterConfiguration cluster =
        Objects.requireNonNull(connection.getClusterConfiguration());
    List<RedisURI> nodes = new ArrayList<>();
    for (RedisNode node : cluster.getClusterNodes()) {
      LettuceClientConfiguration client = connection.getClientConfiguration();
      RedisURI.Builder uri =
          secured(
              RedisURI.builder()
                  .withHost(String.valueOf(node.getHost()))
                  .withPort(node.getPort() == null ? 6379 : node.getPort()),
              client);
      authenticate(uri, cluster, cluster.getUsername(), cluster.getPassword(), client);
      nodes.add(uri.build());
    }
    return nodes;
  }

  private static InvalidSettingException unsupported(String kind) {
    return new InvalidSettingException(
        "coatcheck.store: the connection of Spring Boot is to "
            + kind
            + ", which the store does not support: define a SessionStore bean, or set it to jdbc or"
            + " memory");
  }

  private static RedisURI primary(
      RedisSentinelConfiguration sentinels, LettuceClientConfiguration client) {
    RedisURI.Builder uri =
        RedisURI.builder()
            .withSentinelMasterId(name(sentinels))
            .withDatabase(sentinels.getDatabase());
    for (RedisNode node : sentinels.getSentinels()) {
      RedisURI.Builder sentinel =
          secured(
              RedisURI.builder()
                  .withHost(String.valueOf(node.getHost()))
                  .withPort(node.getPort() == null ? 26379 : node.getPort()),
              client);
      client
          .getRedisCredentialsProviderFactory()
          .map(factory -> factory.createSentinelCredentialsProvider(sentinels))
          .ifPresentOrElse(
              sentinel::withAuthentication,
              () ->
                  authenticate(
                      sentinel, sentinels.getSentinelUsername(), sentinels.getSentinelPassword()));
      uri.withSentinel(sentinel.build());
    }
    secured(uri, client);
    authenticate(uri, sentinels, sentinels.getUsername(), sentinels.getPassword(), client);
    return uri.build();
  }

  private static String name(RedisSentinelConfiguration sentinels) {
    NamedNode primary = sentinels.getMaster();
    String name = primary == null ? null : primary.getName();
    if (name == null) {
      throw new InvalidSettingException(
          "coatcheck.store: the Sentinels of Spring Boot's connection need the name of the primary"
              + " (spring.data.redis.sentinel.master)");
    }
    return name;
  }

  private static RedisURI.Builder secured(RedisURI.Builder uri, LettuceClientConfiguration client) {
    client.getClientName().ifPresent(uri::withClientName);
    return uri.withSsl(client.isUseSsl())
        .withStartTls(client.isStartTls())
        .withVerifyPeer(client.getVerifyMode());
  }

  private static void authenticate(
      RedisURI.Builder uri,
      RedisConfiguration server,
      @Nullable String user,
      RedisPassword password,
      LettuceClientConfiguration client) {
    RedisCredentialsProviderFactory factory =
        client.getRedisCredentialsProviderFactory().orElse(null);
    if (factory == null) {
      authenticate(uri, user, password);
    } else {
      uri.withAuthentication(factory.createCredentialsProvider(server));
    }
  }

  private static void authenticate(
      RedisURI.Builder uri, @Nullable String user, RedisPassword password) {
    if (password.isPresent()) {
      if (user == null || user.isEmpty()) {
        uri.withPassword(password.get());
      } else {
        uri.withAuthentication(user, password.get());
      }
    }
  }
}
