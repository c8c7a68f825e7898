package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Users change their sessions on one node while others are revoked there and copies are compared
 * with the store. Nothing is steered. If a write that is overtaken left the older copy, the secret
 * from before it would be accepted after it returned: some hundred times in a run of this length.
 */
class OwnWritesHistoryTest {

  private static final int USERS = 4;
  private static final int ROUNDS = 4_000;

  private final RemoteStore remote = new RemoteStore();
  private final SessionManager manager =
      SessionManager.builder(
              NearCacheSessionStore.builder(remote).maxStaleness(Duration.ofSeconds(2)).build())
          .codec(JavaSerializationCodec.builder().build())
          .cleanUpInterval(Duration.ZERO)
          .storeTimeout(Duration.ofMinutes(1))
          .build();
  private final AtomicBoolean over = new AtomicBoolean();
  private final AtomicInteger revocations = new AtomicInteger();

  @Test
  @DisplayName("stores 3: what a node writes holds on its own copies before the call returns")
  void ownWrites_amongRevocationsOfOthers_holdAtOnce() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<List<String>>> users = new ArrayList<>();
      for (int i = 0; i < USERS; i++) {
        int number = i;
        Callable<List<String>> user = () -> user(number);
        users.add(threads.submit(user));
      }
      Future<?> revoker = threads.submit(this::revokeOthers);
      List<String> wrong = new ArrayList<>();
      for (Future<List<String>> user : users) {
        wrong.addAll(user.get(120, TimeUnit.SECONDS));
      }
      over.set(true);
      revoker.get(60, TimeUnit.SECONDS);
      assertThat(wrong).isEmpty();
      assertThat(revocations).hasValueGreaterThan(100);
    } finally {
      over.set(true);
      threads.shutdownNow();
      manager.close();
    }
  }

  private List<String> user(int number) {
    List<String> wrong = new ArrayList<>();
    Random random = new Random(number);
    String token =
        sent(granted(manager.authenticate(null, "user" + number, LoginOptions.defaults())));
    for (int round = 0; round < ROUNDS; round++) {
      Session session = live(token);
      if (random.nextInt(4) == 0) {
        String value = "round " + round;
        session.setAttribute("a", value);
        manager.save(session);
        if (!value.equals(live(token).attribute("a"))) {
          wrong.add("the attribute from before save() returned");
        }
      } else {
        boolean byLogin = random.nextBoolean();
        if (byLogin) {
          manager.authenticate(session, "user" + number, LoginOptions.defaults());
        } else {
          manager.renew(session);
        }
        String next = sent(session);
        if (manager.adapter().resolve(List.of(token)) instanceof Resolution.Live) {
          wrong.add("the secret from before " + (byLogin ? "authenticate()" : "renew()"));
        }
        token = next;
      }
    }
    return wrong;
  }

  private void revokeOthers() {
    for (int round = 0; !over.get(); round++) {
      String principal = "other" + round % 50;
      String token = sent(granted(manager.authenticate(null, principal, LoginOptions.defaults())));
      live(token);
      manager.revokeAllOf(principal);
      assertThat(manager.adapter().resolve(List.of(token))).isNotInstanceOf(Resolution.Live.class);
      revocations.incrementAndGet();
    }
  }

  private Session live(String token) {
    return ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
  }

  private static Session granted(LoginOutcome authentication) {
    return ((LoginOutcome.Granted) authentication).session();
  }

  private static String sent(Session session) {
    String value = session.unsentToken().orElseThrow().value();
    session.markTokenSent();
    return value;
  }
}
