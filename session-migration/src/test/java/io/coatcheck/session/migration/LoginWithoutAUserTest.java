package io.coatcheck.session.migration;

import static io.coatcheck.session.migration.OldApplication.cookie;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextImpl;

/** Sessions of Spring Session with a login of which no user comes out, and other attributes. */
class LoginWithoutAUserTest {

  private static final String CONTEXT = SpringSessionReader.SECURITY_CONTEXT;
  private static final JavaSerializationCodec CODEC = SpringSessionImportContract.CODEC;

  /** Allows no class of Spring Security. */
  private static final JavaSerializationCodec NARROW = JavaSerializationCodec.builder().build();

  private static final JavaSerializationCodec ANONYMOUS =
      JavaSerializationCodec.builder()
          .allow(AllowListPreset.SPRING_SECURITY_FORM_LOGIN)
          .allow(AnonymousAuthenticationToken.class.getName())
          .build();

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final List<SessionEvent> events = new CopyOnWriteArrayList<>();
  private final JdbcDataSource database = new JdbcDataSource();
  private final SessionManager manager =
      SessionManager.builder(InMemorySessionStore.builder().build())
          .codec(CODEC)
          .listener(events::add)
          .build();
  private final List<Node> nodes = new ArrayList<>();
  private OldApplication<?> old;

  @BeforeEach
  void start() throws Exception {
    database.setURL("jdbc:h2:mem:login-without-user;DB_CLOSE_DELAY=-1");
    old = new SpringSessionJdbc(database, "h2", "SPRING_SESSION").application();
  }

  @AfterEach
  void stop() throws Exception {
    for (Node node : nodes) {
      node.close();
    }
    manager.close();
  }

  private SpringSessionImport bridge(
      JavaSerializationCodec codec, Function<Map<String, Object>, Optional<String>> userOf) {
    return builder(codec).principal(userOf).build();
  }

  private SpringSessionImport.Builder builder(JavaSerializationCodec codec) {
    return SpringSessionImport.builder(
        manager, JdbcSpringSessions.builder(database).build(), codec);
  }

  private Node node(SpringSessionImport bridge) throws Exception {
    Node node = new Node(manager, bridge);
    nodes.add(node);
    return node;
  }

  private static Optional<String> nameIn(Map<String, Object> attributes) {
    return attributes.get(CONTEXT) instanceof SecurityContext context
        ? Optional.of(context.getAuthentication().getName())
        : Optional.empty();
  }

  private String loggedIn() {
    return old.begin(Map.of(CONTEXT, context(), "cart", "three apples"));
  }

  private static SecurityContextImpl context() {
    return new SecurityContextImpl(
        UsernamePasswordAuthenticationToken.authenticated(
            "alice", null, AuthorityUtils.createAuthorityList("ROLE_USER")));
  }

  @Test
  void contextThatCannotBeDecoded_isRefused_andWorksOnceItsClassIsAllowed() throws Exception {
    String id = loggedIn();
    SpringSessionImport narrow = bridge(NARROW, LoginWithoutAUserTest::nameIn);
    Node.Answer refused = node(narrow).get("/cart", "Cookie", cookie(id));
    assertThat(refused.principal()).isEqualTo("null");
    assertThat(refused.cookies()).isEmpty();
    assertThat(narrow.counts().refused()).isEqualTo(1);
    assertThat(narrow.counts().accepted()).isZero();
    assertThat(events)
        .filteredOn(SessionEvent.AttributeUndecodable.class::isInstance)
        .singleElement()
        .satisfies(
            event -> {
              var undecodable = (SessionEvent.AttributeUndecodable) event;
              assertThat(undecodable.attribute()).isEqualTo(CONTEXT);
              assertThat(undecodable.problem()).contains("SecurityContextImpl");
              assertThat(undecodable.sessionId()).isEmpty();
            });
    Node wide = node(bridge(CODEC, LoginWithoutAUserTest::nameIn));
    String ours = wide.get("/", "Cookie", cookie(id)).cookie().orElseThrow();
    assertThat(wide.get("/", "Cookie", ours).principal()).isEqualTo("alice");
    assertThat(wide.get("/cart", "Cookie", ours).principal()).isEqualTo("three apples");
  }

  @Test
  void contextThatCannotBeDecoded_isRefused_whateverNameIsIndexed() throws Exception {
    String derived = loggedIn();
    String named =
        old.begin(
            Map.of(CONTEXT, context(), SpringSessions.INDEXED_NAME, "alice", "cart", "a pear"));
    SpringSessionImport narrow = builder(NARROW).build();
    Node node = node(narrow);
    for (String id : List.of(derived, named)) {
      Node.Answer refused = node.get("/", "Cookie", cookie(id));
      assertThat(refused.principal()).isEqualTo("anonymous");
      assertThat(refused.cookies()).isEmpty();
    }
    assertThat(narrow.counts().refused()).isEqualTo(2);
    assertThat(events).filteredOn(SessionEvent.AttributeUndecodable.class::isInstance).hasSize(2);
    Node wide = node(builder(CODEC).build());
    assertThat(wide.get("/", "Cookie", cookie(derived)).principal()).isEqualTo("alice");
  }

  @Test
  void userWhoIsNotAuthenticatedYet_isRefused_althoughTheNameIsIndexed() throws Exception {
    String id =
        old.begin(
            Map.of(
                CONTEXT,
                new SecurityContextImpl(
                    UsernamePasswordAuthenticationToken.unauthenticated("alice", null)),
                "cart",
                "three apples"));
    SpringSessionImport bridge = builder(CODEC).build();
    Node.Answer refused = node(bridge).get("/", "Cookie", cookie(id));
    assertThat(refused.principal()).isEqualTo("anonymous");
    assertThat(refused.cookies()).isEmpty();
    assertThat(bridge.counts().refused()).isEqualTo(1);
  }

  @Test
  void anonymousUser_isRefused() throws Exception {
    String id =
        old.begin(
            Map.of(
                CONTEXT,
                new SecurityContextImpl(
                    new AnonymousAuthenticationToken(
                        "key", "nobody", AuthorityUtils.createAuthorityList("ROLE_NONE")))));
    SpringSessionImport bridge = builder(ANONYMOUS).build();
    assertThat(node(bridge).get("/", "Cookie", cookie(id)).principal()).isEqualTo("anonymous");
    assertThat(bridge.counts().refused()).isEqualTo(1);
  }

  @Test
  void nameWithoutAContext_isTheUser() throws Exception {
    String id = old.begin(Map.of(SpringSessions.INDEXED_NAME, "alice", "cart", "a pear"));
    Node node = node(builder(NARROW).build());
    assertThat(node.get("/", "Cookie", cookie(id)).principal()).isEqualTo("alice");
  }

  @Test
  void userWhoMayNotLogIn_isRefused_andWorksOnceThatIsAllowed_unlessALogoutCame() throws Exception {
    AtomicBoolean mayLogIn = new AtomicBoolean();
    SpringSessionImport bridge =
        bridge(CODEC, attributes -> nameIn(attributes).filter(user -> mayLogIn.get()));
    Node node = node(bridge);
    String left = loggedIn();
    String kept = loggedIn();
    for (String id : List.of(left, kept)) {
      Node.Answer refused = node.get("/cart", "Cookie", cookie(id));
      assertThat(refused.principal()).isEqualTo("null");
      assertThat(refused.cookies()).isEmpty();
    }
    assertThat(bridge.counts().refused()).isEqualTo(2);
    node.get("/logout", "Cookie", cookie(left));
    mayLogIn.set(true);
    assertThat(node.get("/", "Cookie", cookie(left)).principal()).isEqualTo("anonymous");
    assertThat(node.get("/", "Cookie", cookie(kept)).principal()).isEqualTo("alice");
    assertThat(manager.sessionsOf("alice")).hasSize(1);
  }

  @Test
  void nameThatNoUserCanHave_isRefused() throws Exception {
    for (String name : List.of("x".repeat(256), "\uD800", "coatcheck-claim:alice")) {
      SpringSessionImport bridge =
          SpringSessionImport.builder(manager, JdbcSpringSessions.builder(database).build(), CODEC)
              .principal(attributes -> Optional.of(name))
              .validIf(
                  (user, loginAt) -> {
                    throw new IllegalStateException("its database has no such names");
                  })
              .build();
      Node.Answer refused = node(bridge).get("/cart", "Cookie", cookie(loggedIn()));
      assertThat(refused.status()).isEqualTo(200);
      assertThat(refused.principal()).isEqualTo("null");
      assertThat(refused.cookies()).isEmpty();
      assertThat(bridge.counts().refused()).isEqualTo(1);
    }
  }

  @Test
  void everyMarkOfALogin_isOne_andAllSessionsAreFoundToBeUsedUp() throws IOException {
    byte[] apples = serialized("three apples");
    SpringSession anonymous = session(Optional.empty(), Map.of("cart", apples), Set.of());
    List<SpringSession> loggedIn =
        List.of(
            session(Optional.of("alice"), Map.of("cart", apples), Set.of()),
            session(Optional.of("x".repeat(300)), Map.of("cart", apples), Set.of()),
            session(Optional.empty(), Map.of("cart", apples), Set.of(CONTEXT)),
            session(Optional.empty(), Map.of("cart", apples, CONTEXT, apples), Set.of()),
            session(Optional.empty(), Map.of("cart", apples, CONTEXT, new byte[3]), Set.of()),
            session(
                Optional.empty(),
                Map.of("cart", apples, SpringSessions.INDEXED_NAME, new byte[3]),
                Set.of()));
    List<String> reported = new ArrayList<>();
    SpringSessionReader reader =
        new SpringSessionReader(
            NARROW,
            attributes -> Optional.empty(),
            name -> true,
            Duration.ofDays(30),
            (name, problem) -> reported.add(name));
    assertThat(reader.read(anonymous, NOW).map(ImportedSession::attributes))
        .contains(Map.of("cart", "three apples"));
    assertThat(reader.unread(anonymous, NOW)).isPresent();
    for (SpringSession session : loggedIn) {
      assertThat(reader.read(session, NOW)).isEmpty();
      assertThat(reader.unread(session, NOW)).isPresent();
      assertThat(reader.unread(session, NOW.plusSeconds(60))).as("expired").isEmpty();
    }
    assertThat(reported).as("what could not be read").containsExactly(CONTEXT, CONTEXT);
  }

  private static SpringSession session(
      Optional<String> principal, Map<String, byte[]> attributes, Set<String> tooLarge) {
    return new SpringSession(
        NOW.minusSeconds(60), NOW.plusSeconds(60), principal, attributes, tooLarge);
  }

  private static byte[] serialized(Object value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    }
    return bytes.toByteArray();
  }
}
