defmodule Desk do
  use GenServer

  def start_link(clerk), do: GenServer.start_link(__MODULE__, clerk, name: __MODULE__)
  def lookup(id), do: GenServer.call(__MODULE__, {:lookup, id})

  @impl true
  def init(clerk), do: {:ok, %{clerk: clerk, seen: 0}}

  @impl true
  def handle_call({:lookup, id}, from, state) do
    # BUG: hands the question on to the clerk, who answers, and answers as well.
    send(state.clerk, {:find, id, from})
    {:reply, {:ok, id}, %{state | seen: state.seen + 1}}
  end
end

defmodule Clerk do
  def start, do: spawn_link(fn -> loop() end)

  def loop do
    receive do
      {:find, id, from} ->
        GenServer.reply(from, {:found, id * 10})
        loop()
    end
  end
end

defmodule Main do
  def run do
    {:ok, _} = Desk.start_link(Clerk.start())

    for id <- 1..5 do
      Desk.lookup(id)
      Process.sleep(2)
    end
  end
end
