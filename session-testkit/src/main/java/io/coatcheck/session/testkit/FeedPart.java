package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The state that the parts of the contract of a feed share: a listener on each node. */
abstract class FeedPart extends ContractPart {

  private final List<ChangeFeed.Subscription> subscriptions = new ArrayList<>();
  ChangeJournal here = new ChangeJournal();
  ChangeJournal there = new ChangeJournal();

  FeedPart(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void needsChangeFeed() throws Exception {
    assumeHas(store().changeFeed(), ChangeFeed.class);
    here = subscribed(store(), new ChangeJournal(author().patience()));
    there = subscribed(otherNode(), new ChangeJournal(author().patience()));
    here.awaitComplete();
    there.awaitComplete();
  }

  @AfterEach
  final void unsubscribe() {
    subscriptions.forEach(ChangeFeed.Subscription::close);
    subscriptions.clear();
  }

  static ChangeFeed feed(SessionStore node) {
    return node.changeFeed().orElseThrow();
  }

  /** Subscribes a listener until the end of the test, and returns it. */
  <L extends ChangeFeed.Listener> L subscribed(SessionStore node, L listener) {
    subscriptions.add(feed(node).subscribe(listener));
    return listener;
  }

  /** Waits until both nodes must know, and checks that they do. */
  void assertReported(String operation, SessionId... ids) throws Exception {
    for (ChangeJournal journal : List.of(here, there)) {
      journal.awaitComplete();
      assertThat(journal.changed())
          .as("reported to %s: %s", journal == here ? "its own node" : "the other", operation)
          .contains(ids);
    }
  }
}
