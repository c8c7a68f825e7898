package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("docs/REDIS.md")
class RedisDocumentTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final Path DOCUMENT = Path.of("../docs/REDIS.md");
  private static final Path SCRIPTS = Path.of("src/main/resources/io/coatcheck/session/redis");

  @Test
  @DisplayName("lists every option of the builder, and no other")
  void options() throws IOException {
    Set<String> options = new TreeSet<>();
    Arrays.stream(RedisSessionStore.Builder.class.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()))
        .map(Method::getName)
        .filter(name -> !name.equals("build"))
        .forEach(options::add);
    assertThat(found("(?m)^\\| `(\\w+)` \\| .* \\| .* \\|$", section("## Options")))
        .isEqualTo(options);
  }

  @Test
  @DisplayName("lists every script, and no other")
  void scripts() throws IOException {
    Set<String> scripts = new TreeSet<>();
    for (Script script : Script.values()) {
      scripts.add(script.name().toLowerCase(Locale.ROOT));
    }
    assertThat(found("(?m)^\\| `(\\w+)\\.lua` \\|", section("## Scripts"))).isEqualTo(scripts);
    scripts.add("record");
    try (Stream<Path> files = Files.list(SCRIPTS)) {
      assertThat(files.map(file -> file.getFileName().toString().replace(".lua", "")))
          .containsExactlyInAnyOrderElementsOf(scripts);
    }
  }

  @ParameterizedTest
  @EnumSource(Script.class)
  @DisplayName("lists the keys and the arguments that a script uses")
  void keysAndArguments(Script script) throws IOException {
    String name = script.name().toLowerCase(Locale.ROOT) + ".lua";
    String[] cells =
        section("## Scripts")
            .lines()
            .filter(line -> line.startsWith("| `" + name + "` |"))
            .findFirst()
            .orElseThrow()
            .split(" \\| ", -1);
    String text = Files.readString(SCRIPTS.resolve(name));
    assertThat(found("(?:^|, )(\\d) ", cells[1])).isEqualTo(found("KEYS\\[(\\d)]", text));
    assertThat(found("(?:^|, )(\\d) ", cells[2])).isEqualTo(found("ARGV\\[(\\d)]", text));
  }

  @Test
  @DisplayName("lists every error of the server that has advice")
  void errors() throws IOException {
    String source =
        Files.readString(Path.of("src/main/java/io/coatcheck/session/redis/RedisFailure.java"));
    Set<String> known = found("new Kind\\(\\s*\"([A-Z-]+)\"", source);
    assertThat(known).hasSizeGreaterThan(10);
    assertThat(found("`([A-Z][A-Z-]+)`", section("## When something fails").replace("`SCRIPT", "")))
        .containsAll(known);
  }

  @Test
  @DisplayName("grants a user the rights of each operation, and access to no other key")
  void user() throws IOException {
    String command = user("ACL SETUSER ");
    try (TestServer server = new TestServer();
        TestServer replica = new TestServer("replicaof 127.0.0.1 " + server.port)) {
      assertThat(replica.port).isNotEqualTo(server.port);
      server.awaitReplica();
      setUser(server, command);
      RedisURI login =
          RedisURI.builder(server.uri())
              .withAuthentication("shop", "secret".toCharArray())
              .withDatabase(1)
              .build();
      try (RedisSessionStore store =
          RedisSessionStore.builder(login)
              .commandTimeout(TestServer.PATIENCE)
              .connectTimeout(TestServer.PATIENCE)
              .confirmReplicas(1, Duration.ofSeconds(30))
              .build()) {
        everyOperation(store);
        server.awaitSubscribers("coatcheck", 1);
        assertThat(refusedAnnouncements(server)).isEmpty();
      }
      RedisSessionStore.Builder foreign =
          RedisSessionStore.builder(login)
              .commandTimeout(TestServer.PATIENCE)
              .connectTimeout(TestServer.PATIENCE)
              .keyPrefix("other");
      assertThatThrownBy(foreign::build).hasMessageContaining("NOPERM");
    }
  }

  /** Returns the line that creates the user. */
  private static String user(String begin) throws IOException {
    return section("## A user")
        .lines()
        .filter(line -> line.startsWith(begin))
        .findFirst()
        .orElseThrow();
  }

  private static void setUser(TestServer server, String command) {
    server.run(
        commands -> {
          CommandArgs<byte[], byte[]> arguments = new CommandArgs<>(ByteArrayCodec.INSTANCE);
          Arrays.stream(command.split(" ", -1)).skip(1).forEach(arguments::add);
          return commands.dispatch(
              CommandType.ACL, new StatusOutput<>(ByteArrayCodec.INSTANCE), arguments);
        });
  }

  @Test
  @DisplayName("grants the additional rights for a cluster and several buckets")
  void userOfACluster() throws IOException {
    List<String> added = List.copyOf(found("`([^`]+)`", user("For a cluster add ")));
    assertThat(added).hasSize(3);
    String command =
        user("ACL SETUSER ")
                .replace("~{coatcheck}:*", "~{coatcheck/*")
                .replace("&{coatcheck}:c", "&{coatcheck/*")
            + added.stream()
                .filter(grant -> grant.startsWith("+"))
                .map(grant -> " " + grant)
                .collect(Collectors.joining());
    assertThat(added).contains("~{coatcheck/*", "&{coatcheck/*");
    try (TestCluster cluster = new TestCluster()) {
      List<RedisURI> nodes = new ArrayList<>();
      for (TestServer node : cluster.nodes) {
        setUser(node, command);
        nodes.add(
            RedisURI.builder(node.uri())
                .withAuthentication("shop", "secret".toCharArray())
                .build());
      }
      try (RedisSessionStore store =
          RedisSessionStore.clusterBuilder(nodes)
              .buckets(3)
              .commandTimeout(TestServer.PATIENCE)
              .connectTimeout(TestServer.PATIENCE)
              .build()) {
        everyOperation(store);
        for (int i = 0; i < 3; i++) {
          String bucket = Keys.prefixOfBucket("coatcheck", i);
          TestServer.await(
              "a subscriber",
              () -> cluster.nodes.stream().anyMatch(node -> node.subscribers(bucket) == 1));
        }
        for (TestServer node : cluster.nodes) {
          assertThat(refusedAnnouncements(node)).isEmpty();
        }
        findWhileItsSlotMoves(cluster, store);
      }
    }
  }

  /** Returns what the server has refused to scripts and subscribers. */
  private static List<Map<String, Object>> refusedAnnouncements(TestServer server) {
    return server.<List<Map<String, Object>>>run(commands -> commands.aclLog()).stream()
        .filter(
            refused ->
                refused.get("reason").equals("channel")
                    || Set.of("publish", "subscribe").contains(refused.get("object")))
        .toList();
  }

  private static void findWhileItsSlotMoves(TestCluster cluster, RedisSessionStore store) {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    store.insert(session);
    int number = (int) Long.remainderUnsigned(session.id().leastSignificantBits(), 3);
    String bucket = Keys.prefixOfBucket("coatcheck", number);
    TestServer to = cluster.beginToMove(bucket);
    while (cluster.moveKeys(bucket, to)) {
      // All of the keys.
    }
    assertThat(store.find(session.id())).contains(session);
  }

  private static void everyOperation(RedisSessionStore store) {
    CompletableFuture<Long> complete = new CompletableFuture<>();
    store
        .changeFeed()
        .orElseThrow()
        .subscribe(
            new ChangeFeed.Listener() {
              private int calls;

              @Override
              public void changed(SessionId id) {}

              @Override
              public void missed() {}

              @Override
              public void completeUpTo(long nanoTime) {
                calls++;
                if (calls == 2) {
                  complete.complete(nanoTime);
                }
              }
            });
    assertThat(complete.orTimeout(60, TimeUnit.SECONDS).join()).isNotNull();
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    store.insert(session);
    assertThat(store.find(session.id())).contains(session);
    assertThat(store.touch(session.id(), NOW.plusSeconds(1), NOW)).isTrue();
    assertThat(store.update(session, NOW)).isTrue();
    Map<?, ?> stamps = store.batchLookup().orElseThrow().stamps(Set.of(session.id()));
    assertThat(stamps).hasSize(1);
    assertThat(
            store
                .batchTouch()
                .orElseThrow()
                .touchAll(Map.of(session.id(), NOW.plusSeconds(2)), NOW))
        .hasSize(1);
    StoredSession second = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
    if (store.loginLimit().isPresent()) {
      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(second, true, 1, WhenFull.EVICT_OLDEST, NOW)
                  .evicted())
          .hasSize(1);
    }
    assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10)).hasSize(1);
    assertThat(
            store
                .principalIndex()
                .orElseThrow()
                .deleteByPrincipal("alice", Set.of(), DeletedSessions.of(true, gone -> {})))
        .isEqualTo(1);
    store.insert(session);
    assertThat(store.deleteExpired(session.absoluteDeadline(), 10, gone -> {}).deleted())
        .isEqualTo(1);
    store.insert(second);
    assertThat(store.delete(second.id())).isPresent();
  }

  @Test
  @DisplayName("has commands by hand that list and end sessions, and spare records of credentials")
  void byHand() throws IOException {
    List<MatchResult> commands =
        Pattern.compile("redis-cli EVAL \"([^\"]+)\" 1 '([^']+)' (\\S+)")
            .matcher(section("## By hand"))
            .results()
            .toList();
    assertThat(commands).hasSize(4);
    List<StoredSession> sessions = UserSessions.of("alice", 3, NOW);
    StoredSession bobs = SampleSessions.authenticated("bob", NOW).build();
    StoredSession claim = SampleSessions.authenticated("coatcheck-claim:jti", NOW).build();
    StoredSession anonymous = SampleSessions.anonymous(SessionId.of(7, 7), NOW).build();
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("coatcheck").build()) {
      sessions.forEach(store::insert);
      List.of(bobs, claim, anonymous).forEach(store::insert);
      SessionId first = sessions.get(0).id();
      store.touch(first, NOW.plusSeconds(5), NOW);

      List<byte[]> lines = run(server, commands.get(0), ScriptOutputType.MULTI, null);
      assertThat(lines).hasSize(3);
      assertThat(lines)
          .extracting(line -> new String(line, StandardCharsets.US_ASCII))
          .contains(
              first.toString().replace("-", "")
                  + " "
                  + NOW.getEpochSecond()
                  + " "
                  + (NOW.getEpochSecond() + 5));

      long one = run(server, commands.get(1), ScriptOutputType.INTEGER, first.toString());
      assertThat(one).isEqualTo(1);
      assertThat(store.find(first)).isEmpty();
      assertThat(recorded(server)).contains(first);

      long alices = run(server, commands.get(2), ScriptOutputType.INTEGER, null);
      assertThat(alices).isEqualTo(2);
      assertThat(sessions).allSatisfy(each -> assertThat(store.find(each.id())).isEmpty());
      assertThat(recorded(server)).containsAll(sessions.stream().map(StoredSession::id).toList());
      assertThat(store.find(bobs.id())).isPresent();

      long all = run(server, commands.get(3), ScriptOutputType.INTEGER, null);
      assertThat(all).isEqualTo(2);
      assertThat(store.find(bobs.id())).isEmpty();
      assertThat(store.find(anonymous.id())).isEmpty();
      assertThat(store.find(claim.id())).contains(claim);

      store.deleteExpired(bobs.absoluteDeadline(), 100, gone -> {});
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10)).isEmpty();
      byte[] left = new Keys("coatcheck").principal("alice");
      assertThat(server.<Long>run(redis -> redis.exists(left))).isZero();
    }
  }

  /** Runs a command of the page, with another argument if one is given. */
  @SuppressWarnings("TypeParameterUnusedInFormals") // The client's own methods infer it as well.
  private static <T> T run(
      TestServer server, MatchResult command, ScriptOutputType type, @Nullable String argument) {
    byte[][] keys = {command.group(2).getBytes(StandardCharsets.US_ASCII)};
    byte[] value =
        (argument == null ? command.group(3) : argument).getBytes(StandardCharsets.US_ASCII);
    return server.run(redis -> redis.<T>eval(command.group(1), type, keys, value));
  }

  private static List<SessionId> recorded(TestServer server) {
    List<StreamMessage<byte[], byte[]>> log =
        server.run(
            redis ->
                redis.xrange(
                    new Keys("coatcheck").changes(), Range.unbounded(), Limit.from(1_000)));
    return log.stream()
        .map(entry -> entry.getBody().values().iterator().next())
        .filter(value -> value.length == 16)
        .map(Keys::id)
        .toList();
  }

  /** Returns the part of the page from a heading to the next one. */
  private static String section(String heading) throws IOException {
    String page = Files.readString(DOCUMENT);
    int begin = page.indexOf("\n" + heading);
    assertThat(begin).as(heading).isPositive();
    int end = page.indexOf("\n## ", begin + 1);
    return page.substring(begin, end < 0 ? page.length() : end);
  }

  private static Set<String> found(String pattern, String text) {
    Set<String> all = new TreeSet<>();
    for (MatchResult match : Pattern.compile(pattern).matcher(text).results().toList()) {
      all.add(match.group(1));
    }
    return all;
  }
}
