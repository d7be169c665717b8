# What the callbacks fail with comes with the message; parts of the state are equal to it by chance.
defmodule Bill do
  use GenServer
  def start(id), do: GenServer.start(__MODULE__, id)
  def ask(id, m), do: GenServer.call(id, m)
  @impl true
  def init(_), do: {:ok, %{total: 100, refunds: 0, guests: nil, paid: 0, table: 7}}
  @impl true
  def handle_call({:share, people}, _from, s), do: {:reply, div(s.total, people), s}
  def handle_call({:name, name}, _from, s), do: {:reply, up(name), s}
  def handle_call({:item, i}, _from, s), do: {:reply, Map.fetch!(menu(), i), s}
  def handle_call({:pay, n}, _from, s), do: {:reply, :ok, %{s | paid: s.paid + n}}
  def up(name) when is_binary(name), do: String.upcase(name)
  def menu, do: %{1 => :tea, 2 => :rice}
end
defmodule Main do
  def run do
    for bad <- [{:share, 0}, {:name, nil}, {:item, 7}] do
      {:ok, b} = Bill.start(1)
      for m <- [{:share, 2}, {:name, "ann"}, {:item, 1}, {:pay, 0}], do: Bill.ask(b, m)
      {pid, ref} = spawn_monitor(fn -> Bill.ask(b, bad) end)
      receive do: ({:DOWN, ^ref, _, ^pid, _} -> :ok)
    end
  end
end
