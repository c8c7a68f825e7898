package io.coatcheck.examples.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * A PostgreSQL or a Redis, three nodes of the quickstart that keep their sessions there, and a
 * front that uses them in turn. A node may be killed: users stay logged in. Each node answers from
 * copies of the sessions, which the change feed of the store keeps current.
 */
public final class Cluster implements AutoCloseable {

  private static final int NODES = 3;

  private final Path directory;
  private final List<Node> nodes = new ArrayList<>();
  private Backend backend;
  private Front front;
  private boolean isClosed;

  private Cluster() throws IOException {
    directory = Files.createTempDirectory("coatcheck-cluster");
  }

  /**
   * Starts everything, on the loopback interface, and waits until it answers.
   *
   * @param port of the front; the nodes have the next three. 0 for any that are free
   * @param store {@code postgresql} or {@code redis}
   * @throws IOException if something does not start
   */
  static Cluster start(int port, String store) throws IOException {
    Cluster cluster = new Cluster();
    try {
      cluster.startAll(port, store);
      return cluster;
    } catch (IOException | RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private void startAll(int port, String store) throws IOException {
    front = new Front(port);
    backend =
        switch (store) {
          case "postgresql" -> Backend.postgresql(directory);
          case "redis" -> Backend.redis(directory);
          default -> throw new IllegalArgumentException("neither postgresql nor redis: " + store);
        };
    for (int number = 1; number <= NODES; number++) {
      nodes.add(
          new Node(
              number,
              directory,
              Map.of(
                  "ADDRESS",
                  "127.0.0.1",
                  "PORT",
                  String.valueOf(port == 0 ? 0 : port + number),
                  "STORE",
                  backend.url(),
                  "COPIES",
                  "true")));
    }
    for (Node node : nodes) {
      node.awaitReady(() -> tellEnd(node));
    }
    front.start(nodes.stream().map(Node::url).toList());
  }

  /** Returns where the front is. */
  String url() {
    return front.url();
  }

  Backend backend() {
    return backend;
  }

  List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /** Stops everything and deletes the sessions. */
  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    if (front != null) {
      front.close();
    }
    nodes.forEach(Node::close);
    try {
      if (backend != null) {
        backend.close();
      }
      deleteDirectory();
    } catch (IOException e) {
      throw new UncheckedIOException("the store did not stop, or left files in " + directory, e);
    }
  }

  private void deleteDirectory() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private synchronized void tellEnd(Node node) {
    if (!isClosed) {
      System.out.println("node " + node.number() + " has ended; the others carry on");
    }
  }

  private void describe() {
    System.out.println();
    System.out.println("Log in at " + url() + ". The front asks the nodes in turn:");
    for (Node node : nodes) {
      System.out.printf("  node %d  %s  kill -9 %d%n", node.number(), node.url(), node.pid());
    }
    System.out.println("Kill one, and reload: you stay logged in. Ctrl-C stops everything.");
  }

  /**
   * Starts the front on the port that the environment variable PORT names, or on 8080.
   *
   * @param arguments {@code postgresql}, which is the default, or {@code redis}
   */
  public static void main(String[] arguments) throws InterruptedException {
    String port = System.getenv().getOrDefault("PORT", "8080");
    if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535 - NODES) {
      System.err.println("PORT must be a number from 0 to " + (65_535 - NODES) + ": " + port);
      System.exit(2);
    }
    String store = arguments.length == 0 ? "postgresql" : arguments[0];
    if (arguments.length > 1 || !store.matches("postgresql|redis")) {
      System.err.println(
          "The argument must be postgresql or redis: " + String.join(" ", arguments));
      System.exit(2);
    }
    try {
      Cluster cluster = start(Integer.parseInt(port), store);
      Runtime.getRuntime().addShutdownHook(new Thread(cluster::close, "cluster-shutdown"));
      cluster.describe();
      new CountDownLatch(1).await();
    } catch (IOException e) {
      System.err.println("The cluster does not start: " + e.getMessage());
      System.exit(1);
    }
  }
}
